"""carbon-lint: measure -> gate -> write card -> lint -> publish."""

__version__ = "0.1.0"
