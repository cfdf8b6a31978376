# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our library in a server's folder: built and put there, found wanting, and taken away.

Beside it is its .conf, by which it finds Python. What is in it the adapter says.
"""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Optional

from ..cim import Error, Status
from . import files
from .plan import LIBRARY

FILE = f"lib{LIBRARY}.so"
_OPEN = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
_IMPORT = ("import sys, importlib; sys.path.append(sys.argv[1]); "
           "importlib.import_module(sys.argv[2])")


def folder(places: Sequence[Path]) -> Path:
    """Of the folders in which a server looks the one for providers, else the first."""
    if not places:
        raise Error(Status.FAILED, "the server's configuration names no folder for providers")
    return next((each for each in places if each.name == "cmpi"), places[0])


def put(place: Path, given: Optional[Path] = None) -> list[str]:
    """Put the library into a folder, one that is given or one that is built now; what was done."""
    if given is not None:
        return _copied(given, place)
    from ..adapter.cmpi_library import build

    with tempfile.TemporaryDirectory() as work:
        return _copied(build(Path(work), sys.executable), place)


def _copied(library: Path, place: Path) -> list[str]:
    done = []
    for file in (library, library.with_name(f"{library.name}.conf")):
        mode = stat.S_IMODE(file.stat().st_mode) & 0o755
        if files.put_bytes(place / file.name, file.read_bytes(), mode):
            done.append(f"{place / file.name}: written")
    return done


def undone(place: Path) -> AbstractContextManager[None]:
    """Leave a folder as it was if what is done meanwhile fails."""
    return files.undone(_both(place), place)


def _both(place: Path) -> list[Path]:
    return [place / FILE, place / f"{FILE}.conf"]


def remove(place: Path) -> list[str]:
    """Take the library out of a folder."""
    return [f"{each}: removed" for each in files.delete(_both(place), place)]


def problems(place: Path) -> Iterator[str]:
    """What is wrong with the library in a folder, a line each."""
    library, conf = _both(place)
    if not library.exists():
        yield f"{library}: the library is missing: register again"
        return
    why = _said(sys.executable, "-c", _OPEN, str(library))
    if why:
        yield f"{library}: it cannot be loaded: {why}"
    data = files.content(conf)
    if data is None:
        yield f"{conf}: it is missing, so the library finds no Python: register again"
        return
    said = dict(re.findall(r"^\s*(\w+)\s*=\s*(.*?)\s*$", data.decode("utf-8", "replace"), re.M))
    for name in ("libpython", "python", "path"):
        value = said.get(name, "")
        if not value or Path(value).is_absolute() and not Path(value).exists():
            yield f"{conf}: {name} = {value}: there is no such thing: register again"
            return
    why = _said(said["python"], "-c", _IMPORT, said["path"], said.get("import", ""))
    if why:
        yield f"{conf}: {said['python']}: {why}"


def _said(*command: str) -> str:
    """The last word of a program that fails, else nothing."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", cwd="/", check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    words = (done.stderr or done.stdout).strip().splitlines()
    return (words[-1] if words else f"exit status {done.returncode}") if done.returncode else ""
