"""A pipeline's own k6 scripts beside the tool's library.

k6 resolves imports by paths alone, and the folder of a pipeline can be anywhere. So each run links
the scripts and the library into one folder, where a script imports `./lib/pipeline.js`.
"""

import shutil
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout

_LIBRARY = "lib"


def beside_library(checkout: Checkout, script: Path) -> Path:
    """Return the path by which k6 must open a script; the caller holds the stack's lock.

    Args:
        checkout: The checkout and the pipeline.
        script: A built-in script, which stays where it is, or one of the pipeline's own.

    Raises:
        UsageFailure: The pipeline's scripts cannot be beside the library.
    """
    if not script.is_relative_to(checkout.own_scripts):
        return script
    folder = checkout.linked_k6
    try:
        shutil.rmtree(folder, ignore_errors=True)
        linked = folder / "scripts"
        linked.mkdir(parents=True)
        (linked / _LIBRARY).symlink_to(checkout.scripts / _LIBRARY)
        for settings in (checkout.scenarios_file, checkout.thresholds_file, checkout.metrics_file):
            (folder / settings.name).symlink_to(settings)
        for own in checkout.own_scripts.iterdir():
            (linked / own.name).symlink_to(own)
    except FileExistsError:
        raise UsageFailure(
            f"{checkout.own_scripts / _LIBRARY}: scripts import the tool's library by this name",
            hint="rename the folder, and change the imports of your scripts",
        ) from None
    except OSError as error:
        raise UsageFailure(f"{folder}: cannot link the scripts: {error.strerror}") from None
    return linked / script.relative_to(checkout.own_scripts)
