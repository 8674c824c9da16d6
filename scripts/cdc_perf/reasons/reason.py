"""A reason as a value: a code, its parameters, and the text that people read."""

from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec, TypeAlias

import msgspec

P = ParamSpec("P")
Scalar: TypeAlias = str | int | float | bool | None
Param: TypeAlias = str | int | float | bool | list[Scalar] | None


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a gate, a threshold, or a scenario does not pass.

    Attributes:
        code: The kind of reason, as in docs/reasons.md; empty in files of schema version 1.
        params: The values in the text, by name.
        text: The reason in plain English.
    """

    code: str
    params: dict[str, Param]
    text: str

    def __hash__(self) -> int:
        """Return a hash without the parameters, which are a dictionary."""
        return hash((self.code, self.text))

    def within(self, name: str, value: str) -> "Reason":
        """Return the same reason with one more parameter, whose value leads the text."""
        return Reason(
            code=self.code, params={name: value, **self.params}, text=f"{value}: {self.text}"
        )

    def without(self, name: str, value: str) -> "Reason":
        """Return the reason that `within` was called on."""
        params = {key: param for key, param in self.params.items() if key != name}
        return Reason(code=self.code, params=params, text=self.text.removeprefix(f"{value}: "))


class ReasonFunction(Generic[P]):
    """A function of the catalog, which returns a reason.

    Attributes:
        code: The code of its reasons: the function's name.
        words: The function that returns the text.
    """

    def __init__(self, words: Callable[P, str]) -> None:
        self.code = words.__name__
        self.words = words
        self.__doc__ = words.__doc__
        self.__module__ = words.__module__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Reason:
        """Return the reason; catalog functions have keyword-only parameters."""
        params = msgspec.convert(msgspec.to_builtins(kwargs), dict[str, Param])
        return Reason(code=self.code, params=params, text=self.words(*args, **kwargs))


def reason(words: Callable[P, str]) -> ReasonFunction[P]:
    """Make a function that returns a text return a `Reason`.

    Args:
        words: The function. Its keyword-only parameters are JSON scalars, enumerations of strings,
            and sequences of scalars.
    """
    return ReasonFunction(words)


def texts(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Return the text of each reason."""
    return tuple(each.text for each in reasons)
