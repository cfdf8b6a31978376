# SPDX-License-Identifier: LGPL-2.1-or-later
"""Find and read the data files: tables (mappings/), libvirt documents (xml/), pages (page/).

Knows where they are: in the package when it is installed, beside it in a checkout or an editable
install. Does not know what is in them. Imports os only, because every start of a program waits
for this module.
"""

import os
from collections.abc import Iterator

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_PLACES = (_PACKAGE, os.path.dirname(_PACKAGE))
_SUFFIXES = (".mof", ".xml")  # what a wheel holds; an editor's backup files are none of ours


def texts(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of every file below a folder such as "mappings", sorted by name.

    A name is like "mappings/domain/disk.mof" wherever the file is. FileNotFoundError if there is
    no such folder.
    """
    place = _place(folder)
    for name in sorted(_names(os.path.join(place, folder), folder)):
        yield name, _read(os.path.join(place, name))


def text(name: str) -> str:
    """The text of one file, such as "xml/skeleton/domain.xml". FileNotFoundError if none."""
    return _read(os.path.join(_place(name), name))


def version() -> str:
    """The version of the package, nothing if it was not installed."""
    from importlib import metadata

    try:
        return metadata.version("libvirt-cim")
    except metadata.PackageNotFoundError:
        return ""


def _place(name: str) -> str:
    for place in _PLACES:
        if os.path.exists(os.path.join(place, name)):
            return place
    raise FileNotFoundError(f"{name}: neither in nor beside {_PACKAGE}")


def _names(path: str, name: str) -> Iterator[str]:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _names(entry.path, f"{name}/{entry.name}")
            elif entry.name.endswith(_SUFFIXES) and not entry.name.startswith("."):
                yield f"{name}/{entry.name}"


def _read(path: str) -> str:
    with open(path, "rb", buffering=0) as file:
        return file.read().decode()
