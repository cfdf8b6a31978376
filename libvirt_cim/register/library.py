# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our library in a server's folder: built and put there, found wanting, and taken away.

Beside it is its .conf, by which it finds Python. What is in it the adapter says.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ..adapter import cmpi_library
from ..cim import Error, Status
from . import files

FILE = cmpi_library.LIBRARY
MORE = ("interop", "config", "uri")  # settings that are not Python's
_SETTING = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
_OPEN = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
_IMPORT = ("import sys, importlib; sys.path.append(sys.argv[1]); "
           "importlib.import_module(sys.argv[2])")


def folder(places: Sequence[Path], said: object) -> Path:
    """Of the folders in which a server looks, as it is said, the one for providers or the first."""
    if not places:
        raise Error(Status.FAILED, f"{said}: it names no folder for providers")
    return next((each for each in places if each.name == "cmpi"), places[0])


def put(place: Path, more: Mapping[str, str]) -> list[str]:
    """Put the library into a folder, with more settings in its file; what was done.

    A package has it compiled already, beside its source.
    """
    text = cmpi_library.settings(sys.executable) + "".join(
        f"{name} = {value}\n" for name, value in more.items())
    library, conf = _both(place)
    done = [f"{library}: written"] if files.put_bytes(library, _compiled(), 0o755) else []
    return done + [f"{each}: written" for each in files.put({conf: text})]


def _compiled() -> bytes:
    made = cmpi_library.SOURCE.with_name(FILE)
    if made.exists():
        return made.read_bytes()
    with tempfile.TemporaryDirectory() as work:
        cmpi_library.compile_(Path(work, FILE))
        return Path(work, FILE).read_bytes()


def undone(place: Path) -> AbstractContextManager[None]:
    """Leave a folder as it was if what is done meanwhile fails."""
    return files.undone(_both(place), place)


def _both(place: Path) -> list[Path]:
    return [place / FILE, place / f"{FILE}.conf"]


def remove(place: Path) -> list[str]:
    """Take the library out of a folder."""
    return [f"{each}: removed" for each in files.delete(_both(place), place)]


def problems(place: Path, more: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the library in a folder, a line each; more are settings it must have."""
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
    said = dict(_SETTING.findall(data.decode("utf-8", "replace")))
    yield from (f"{conf}: {each}" for each in _wrong(said, more))


def _wrong(said: Mapping[str, str], more: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the settings of the library."""
    for name in MORE:
        if said.get(name) != more.get(name):
            yield f"{name} is {said.get(name)}, and should be {more.get(name)}: register again"
    for name in ("libpython", "python", "path"):
        if not said.get(name) or not Path(said[name]).exists():
            yield f"{name} = {said.get(name)}: there is no such thing: register again"
            return
    why = _said(said["python"], "-c", _IMPORT, said["path"], said.get("import", ""))
    if why:
        yield f"{said['python']}: {why}"


def _said(*command: str) -> str:
    """The last word of a program that fails, else nothing."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", cwd="/", check=False)
    except OSError as error:
        return error.strerror or "cannot be run"
    words = (done.stderr or done.stdout).strip().splitlines()
    return (words[-1] if words else f"exit status {done.returncode}") if done.returncode else ""
