"""The actions that the workflows use, each pinned to the commit of a tag, all in this table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One version of an action.

    Attributes:
        repository: `owner/name`.
        tag: The version, for readers.
        sha: The commit of the tag, which cannot be moved.
    """

    repository: str
    tag: str
    sha: str

    @property
    def reference(self) -> str:
        """The value of `uses`."""
        return f"{self.repository}@{self.sha}"


CHECKOUT = Action("actions/checkout", "v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1")
SETUP_PYTHON = Action("actions/setup-python", "v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97")
CACHE_RESTORE = Action(
    "actions/cache/restore", "v6.1.0", "55cc8345863c7cc4c66a329aec7e433d2d1c52a9"
)
CACHE_SAVE = Action("actions/cache/save", CACHE_RESTORE.tag, CACHE_RESTORE.sha)
UPLOAD = Action("actions/upload-artifact", "v7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a")
DOWNLOAD = Action("actions/download-artifact", "v8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c")
ATTEST = Action("actions/attest", "v4.2.2", "1e69f48acb82d1966a394da916b4c1698aa569d6")

PINS = (CHECKOUT, SETUP_PYTHON, CACHE_RESTORE, CACHE_SAVE, UPLOAD, DOWNLOAD, ATTEST)
