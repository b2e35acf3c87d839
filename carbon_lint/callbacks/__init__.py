"""Offer callbacks that report to carbon-lint how far a training is: for `--forecast`, and for the energy of each epoch.

    from carbon_lint.callbacks import TrainerProgress      # transformers.Trainer(callbacks=[TrainerProgress()])
    from carbon_lint.callbacks import LightningProgress    # lightning.Trainer(callbacks=[LightningProgress()])

A framework is imported when its callback is first asked for. Without carbon-lint around it, a callback does nothing.
"""

_MODULES = {"TrainerProgress": "trainer", "LightningProgress": "lightning"}
__all__ = ["LightningProgress", "TrainerProgress"]


def __getattr__(name: str) -> object:
    """Import the callback `name`. `__init__.pyi` has the types."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  only who asks for a callback pays

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
