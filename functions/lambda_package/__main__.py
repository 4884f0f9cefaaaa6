"""Build the package for one function: `python -m lambda_package <folder>`, in a copy of the folder `functions/`.

SAM runs this once for each function, because make builds them, and all are alike. The first run builds the package in a
folder beside those of the functions; each function gets links to its files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from lambda_package.build import Target, build

_SHARED = ".package"


def main() -> None:
    """Put the package into a function's folder."""
    artifacts, functions = Path(sys.argv[1]).resolve(), Path.cwd()
    target = Target(os.environ["RUNTIME"], os.environ["ARCHITECTURE"])
    shared = artifacts.parent / _SHARED
    shared.mkdir(parents=True, exist_ok=True)
    package, stamp, digest = shared / "package", shared / "stamp", _digest(functions, target)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == digest):
            stamp.unlink(missing_ok=True)
            shutil.rmtree(package, ignore_errors=True)
            build(functions, package, target)
            stamp.write_text(digest, encoding="utf-8")
    shutil.copytree(package, artifacts, copy_function=os.link, dirs_exist_ok=True)


def _digest(functions: Path, target: Target) -> str:
    digest = hashlib.sha256(f"{target} {sys.version}".encode())
    for path in sorted(path for path in functions.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(functions)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
