"""Immutable values of the check path, where fifteen dataclasses would cost more than half of `import yaml`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[Any], Any]:
        """Stand in for the function of `typing`, whose import is a tenth of what a check takes."""
        return lambda kind: kind


@dataclass_transform(frozen_default=True)
class Value:
    """A class whose annotations are its fields, as in a dataclass. The type checker holds callers to them.

    It has no methods but these, so nothing is compiled for a subclass. A field's default is the class's attribute.
    """

    _names: tuple[str, ...] = ()

    def __init_subclass__(cls, *, frozen: bool = True, kw_only: bool = False) -> None:
        """Take the fields of the class; `frozen` and `kw_only` are for the type checker."""
        cls._names = (*cls._names, *cls.__annotations__)

    def __init__(self, *given: object, **named: object) -> None:
        self.__dict__.update(zip(self._names, given, strict=False), **named)

    def but(self, **changes: object) -> Self:
        """Return the value with other fields. Raises TypeError for an unknown name, which no type checker sees."""
        if unknown := changes.keys() - set(self._names):
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return type(self)(**{**self.__dict__, **changes})

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._names)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._names)})"
