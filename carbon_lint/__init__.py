"""carbon-lint: measure -> gate -> write card -> lint -> publish."""

__version__ = "0.1.0"
__all__ = ["BudgetExceeded", "__version__", "measure"]


def __getattr__(name: str) -> object:
    """Import `measure` when it is first asked for: the hook must not pay for it. `__init__.pyi` has its type."""
    if name not in {"measure", "BudgetExceeded"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  the same

    return getattr(import_module("carbon_lint.python.measuring"), name)
