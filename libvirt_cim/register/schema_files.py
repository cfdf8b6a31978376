# SPDX-License-Identifier: LGPL-2.1-or-later
"""The MOF files of a server's own schema: which classes they declare, and which need each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import mof, published
from ..cim import Class
from ..model import named

_WORD = re.compile(
    rb'/\*.*?\*/|//[^\n]*|"(?:[^"\\]|\\.)*"'  # what is none
    rb'|#pragma\s+include\s*\(\s*"([^"]+)"\s*\)|\bclass\s+(\w+)(?=\s*[:{])', re.DOTALL | re.I)


def declared(file: Path) -> list[str]:
    """The names of the classes that a file declares, and those that it includes."""
    return list(_declared(file, set()))


def _declared(file: Path, seen: set[Path]) -> Iterator[str]:
    file = file.resolve()  # a/../b is b
    if file in seen or not file.is_file():
        return
    seen.add(file)
    for match in _WORD.finditer(file.read_bytes()):
        if match[1]:
            yield from _declared(file.parent / match[1].decode("utf-8", "replace"), seen)
        elif match[2]:
            yield match[2].decode("ascii", "replace")


QUALIFIERS = ("qualifiers", "qualifiers_optional")  # DMTF's files of them


def index(folder: Path) -> dict[str, Path]:
    """The files of a schema as DMTF publishes it, each by the class that it is called after."""
    return {each.stem: each for each in folder.rglob("*.mof")}


def includes(files: Iterable[Path], folder: Path) -> str:
    """The lines of a MOF file that include those of a folder, where compilers look for them."""
    return "".join(f'#pragma include ("{each.relative_to(folder)}")\n' for each in files)


def needed(names: Iterable[str], files: dict[str, Path], have: Iterable[str]) -> list[str]:
    """Classes of a schema and those that they need in turn, each after these.

    Not what is there already; that has all that it needs.
    """
    done = {each.lower() for each in have}
    found: dict[str, Class] = {}
    names = waiting = [each for each in names if each in files]
    while waiting:
        name, *waiting = waiting
        if name.lower() not in done and name in files:
            done.add(name.lower())
            for each in _classes(files[name]):
                found[each.name] = each
                waiting += filter(None, (each.superclass, *named(each)))
    return published.ordered(found, found)


def _classes(file: Path) -> list[Class]:
    return [each for each in mof.read(file.read_text("utf-8", "replace"), str(file))
            if isinstance(each, Class)]
