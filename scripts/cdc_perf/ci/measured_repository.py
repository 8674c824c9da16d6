"""The repository whose changes are measured: that of the pipeline, or this project's own."""

from dataclasses import dataclass
from pathlib import Path

from cdc_perf.perf.comparison.versions import is_inside, repository_of
from cdc_perf.settings.paths import Checkout


@dataclass(frozen=True)
class MeasuredRepository:
    """A checkout of the repository.

    Attributes:
        root: Its folder.
        is_own: Whether it is this project's own, so that its code measures and judges too.
        prefix: The folder of the pipeline, relative to the root, with a slash at its end; empty:
            the root.
    """

    root: Path
    is_own: bool
    prefix: str

    @classmethod
    def of(cls, checkout: Checkout) -> "MeasuredRepository":
        """Return the repository of the pipeline that a user chose."""
        # Links as in the name of the repository, which git resolves.
        root = repository_of(checkout).resolve()
        prefix = checkout.pipeline.resolve().relative_to(root).as_posix()
        return cls(root, is_inside(checkout), "" if prefix == "." else f"{prefix}/")
