"""The stand-in for checkout: as many commits as were asked for, of a folder for a repository.

CHECKOUTS is a JSON object: the folder of each repository, whose HEAD is what a run without a ref
checks out.
"""

import json
import os
import subprocess
from pathlib import Path


def main() -> None:
    folder = json.loads(os.environ["CHECKOUTS"])[os.environ["CHECKOUT_REPOSITORY"]]
    target = Path(os.environ["CHECKOUT_PATH"])
    target.mkdir(parents=True, exist_ok=True)
    commit = os.environ["CHECKOUT_REF"] or _git(Path(folder), "rev-parse", "HEAD")
    depth = int(os.environ["CHECKOUT_DEPTH"])
    _git(target, "init", "--quiet")
    # Over a transport, which a local clone would not use: it ignores the depth.
    _git(target, "remote", "add", "origin", f"file://{folder}")
    limit = [f"--depth={depth}"] if depth else []
    _git(target, "fetch", "--quiet", "--no-tags", *limit, "origin", commit)
    _git(target, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    print(f"{folder}: {commit} is checked out")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


main()
