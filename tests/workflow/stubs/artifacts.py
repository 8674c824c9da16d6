"""The stand-ins for upload-artifact and download-artifact: a folder for each artifact.

After https://github.com/actions/upload-artifact and download-artifact: names are checked, none is
taken twice, hidden files stay out unless asked for, links are followed.
"""

import fnmatch
import json
import os
import shutil
import sys
from pathlib import Path

_FORBIDDEN = set('":<>|*?\r\n\\/')


def main(what: str) -> int:
    store = Path(os.environ["ARTIFACT_STORE"])
    return upload(store) if what == "upload" else download(store)


def upload(store: Path) -> int:
    name = os.environ["ARTIFACT_NAME"]
    if not name or set(name) & _FORBIDDEN:
        return _fault(f"the artifact name is not valid: {name}")
    if (store / name).exists():
        return _fault(f"an artifact with the name {name} already exists")
    lines = [x for x in os.environ["ARTIFACT_PATH"].split("\n") if x]
    patterns = [x for x in lines if x[0] != "!"]
    excluded = [path for x in lines if x[0] == "!" for path in Path().glob(x[1:])]
    # Names in the artifact begin at the part before a wildcard, or at what all paths share.
    roots = [Path(x.partition("*")[0]) for x in patterns]
    root = roots[0] if len(roots) == 1 else Path(os.path.commonpath([Path(), *roots]))
    found = [
        path
        for pattern in patterns
        for folder in Path().glob(pattern)
        for path in ([folder] if folder.is_file() else _walk(folder))
    ]
    files = [path for path in sorted(found) if not _within(path, excluded)]
    if os.environ["ARTIFACT_HIDDEN"] != "true":
        files = [x for x in files if not any(p.startswith(".") for p in x.relative_to(root).parts)]
    if not files:
        print(f"no files were found with the path {root}")
        return 1 if os.environ["ARTIFACT_MISSING"] == "error" else 0
    for path in files:
        target = store / name / (path.name if path == root else path.relative_to(root))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    days = int(os.environ["ARTIFACT_DAYS"])
    (store / f"{name}.json").write_text(json.dumps({"retention_days": days}), encoding="utf-8")
    return 0


def download(store: Path) -> int:
    found = [p for p in sorted(store.glob("*/")) if _matches(p.name)]
    merged = os.environ["ARTIFACT_MERGE"] == "true"
    for path in found:
        target = Path(os.environ["ARTIFACT_PATH"])
        shutil.copytree(path, target if merged else target / path.name, dirs_exist_ok=True)
    print(f"total of {len(found)} artifact(s) downloaded")
    return 0


def _matches(name: str) -> bool:
    return fnmatch.fnmatchcase(name, os.environ["ARTIFACT_PATTERN"])


def _walk(root: Path) -> list[Path]:
    return [Path(d) / f for d, _, names in os.walk(root, followlinks=True) for f in names]


def _within(path: Path, excluded: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in excluded)


def _fault(sentence: str) -> int:
    print(sentence)
    return 1


sys.exit(main(sys.argv[1]))
