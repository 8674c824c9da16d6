"""Collects the failures of independent checks, so that a user sees all of them at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cdc_perf.errors import StackFailure, StackFailures


class Collected:
    """The failures so far.

    Attributes:
        failures: The failures, in the order of the checks.
    """

    def __init__(self) -> None:
        self.failures: list[StackFailure] = []

    @contextmanager
    def of(self) -> Iterator[None]:
        """Collect the failure of the block."""
        try:
            yield
        except StackFailure as failure:
            self.failures += failures_in(failure)


@contextmanager
def collecting() -> Iterator[Collected]:
    """Raise what the block collected when it ends.

    Raises:
        StackFailure: The only failure, or `StackFailures` with all of them.
    """
    found = Collected()
    yield found
    raise_all(found.failures)


def failures_in(failure: StackFailure) -> tuple[StackFailure, ...]:
    """Return the failures that an exception contains: itself, or several."""
    return failure.failures if isinstance(failure, StackFailures) else (failure,)


def raise_all(failures: Sequence[StackFailure]) -> None:
    """Raise the failures, if there are any.

    Raises:
        StackFailure: As in `collecting`.
    """
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise StackFailures(failures)
