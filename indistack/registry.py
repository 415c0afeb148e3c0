"""Name -> class, one table per slot; settings choose from it by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from indistack.errors import SettingsError

T = TypeVar("T")
C = TypeVar("C")


class Choice:
    """Stands among what annotates a setting of text, and makes it a choice; see `Registry.choice`.

    Parameters
    ----------
    registry : Registry
        Whose names may be said.
    more : sequence of str
        Words that may be said as well.
    """

    def __init__(self, registry: Registry[Any], more: Sequence[str]) -> None:
        self._registry, self._more = registry, more

    def names(self) -> list[str]:
        """Return all that may be said now."""
        return [*self._more, *self._registry]

    def check(self, name: str) -> str:
        """Return the name; raise ValueError where there is no such."""
        if name not in self.names():
            raise ValueError(f"unknown; choose one of {', '.join(self.names())}")
        return name

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have pydantic check it."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))


class Registry(Generic[T]):
    """The ways to fill one slot, by name.

    Parameters
    ----------
    slot : str
        The slot's name as settings and messages call it (``"stack.method"``).
    """

    def __init__(self, slot: str) -> None:
        self.slot = slot
        self._entries: dict[str, type[T]] = {}
        self._ranks: dict[str, int] = {}

    def register(self, name: str, rank: int = 0) -> Callable[[type[C]], type[C]]:
        """Class decorator: enter the class under `name`; a name is taken once.

        Where the slot asks one after the other, those of a lower `rank` are asked first.
        """

        def enter(cls: type[C]) -> type[C]:
            if name in self._entries:
                raise ValueError(f"{self.slot}: {name!r} is registered twice")
            self._entries[name] = cls  # type: ignore[assignment]
            self._ranks[name] = rank
            return cls

        return enter

    def get(self, name: str) -> type[T]:
        """Return the class called `name`.

        Raises
        ------
        SettingsError
            No such name; the message lists those there are.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise SettingsError([f"{self.slot} = {name!r} is unknown; choose one of {', '.join(self)}"]) from None

    def choice(self, *more: str) -> Choice:
        """Return what makes a setting a choice: ``method: Annotated[str, METHODS.choice()]``.

        It is checked when settings are validated, so that whatever is registered by then can be chosen.

        Parameters
        ----------
        *more : str
            Words that may be said in place of a name, as ``"off"``.
        """
        return Choice(self, more)

    def tables(self) -> dict[str, Any]:
        """Return the `settings` class of each entry that has settings of its own, by name."""
        return {name: vars(cls)["settings"] for name, cls in sorted(self._entries.items()) if "settings" in vars(cls)}

    def ranked(self) -> list[str]:
        """Return the names in the order in which they are asked: by rank, then by name."""
        return sorted(self._entries, key=lambda name: (self._ranks[name], name))

    def name_of(self, one: T) -> str:
        """Return the name under which the class of an instance is registered."""
        return next(name for name, cls in self._entries.items() if cls is type(one))

    def describe(self) -> dict[str, str]:
        """Return each name with the first line of its class's docstring."""
        return {name: (cls.__doc__ or "").strip().partition("\n")[0] for name, cls in sorted(self._entries.items())}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __contains__(self, name: str) -> bool:
        return name in self._entries
