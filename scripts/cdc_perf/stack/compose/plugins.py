"""The plugins of the pipeline's connectors in the worker of the compose stack."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from cdc_perf.settings.paths import Checkout

# Where docker-compose.yml mounts the folder of plugins, and where the image has its own.
_MOUNTED, _OF_IMAGE = "/kafka/plugins", "/kafka/connect"
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644


def folder_of(checkout: Checkout) -> Path:
    """Return the folder that is mounted into the worker."""
    return checkout.stack / "connect-plugins"


def variables(plugins: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """Return the variables of docker-compose.yml for a worker with plugins.

    The number of mounts of a compose file is fixed, so all plugins are in one folder. It has
    copies: a link would point out of the mount, and a file in the tool cache may be readable only
    by its owner, which is not the worker's user.

    Args:
        plugins: Their folders in the tool cache, by name.
        folder: The folder to mount; it is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if not plugins:
        return {}
    folder.mkdir(parents=True)
    for name, jars in plugins.items():
        shutil.copytree(jars, folder / name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
    return {"CONNECT_PLUGINS": str(folder), "CONNECT_PLUGIN_PATH": f"{_OF_IMAGE},{_MOUNTED}"}
