"""Known problems of the machine, with what to do."""

from cdc_perf.installation import COMMAND
from cdc_perf.reasons.reason import reason


@reason
def disk_full() -> str:
    """The disk has no free space."""
    return "the disk is full: free some space"


@reason
def memory_too_small() -> str:
    """A process got no memory."""
    return (
        "there is too little memory: free some (a run needs 3 GiB), or raise the limit (ulimit -v)"
    )


@reason
def port_taken() -> str:
    """Another process listens on the port."""
    return "another program took the port: run the command again"


@reason
def open_files_exhausted() -> str:
    """A process has too many open files."""
    return "raise the limit of open files: ulimit -n 4096"


@reason
def tool_cache_damaged() -> str:
    """A program or library of the tool cache does not start."""
    return f"the tool cache is damaged: {COMMAND} tools.clean, then run the command again"
