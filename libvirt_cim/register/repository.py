# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPegasus' repository as its files show it: classes by namespace, and registered modules.

Only reads, so that it may be looked at whether the server runs or not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

from . import files

_LIVE = re.compile(r'^0 .*\.Name="([^"]*)"', re.MULTILINE)  # 1 is what was deleted
_MODULES = "PG_ProviderModule"
INTEROPS = ("root/PG_InterOp", "root/interop", "interop")


class Repository:
    """A folder that has a folder for each namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def namespace(self, name: str) -> Optional[Path]:
        """The folder of a namespace, in whatever case."""
        wanted = name.replace("/", "#").lower()
        return next((each for each in self.folder.iterdir() if each.name.lower() == wanted), None)

    def classes(self, namespace: str) -> set[str]:
        """The classes of a namespace; a file's name is the class's and its superclass's."""
        place = self.namespace(namespace)
        if place is None:
            return set()
        return {each.name.partition(".")[0] for each in (place / "classes").glob("*.*")}

    def associations(self, namespace: str) -> set[str]:
        """Those that are associations; each is the first of five lines."""
        place = self.namespace(namespace)
        text = files.content(place / "classes" / "associations") if place else None
        return {each.split("\n")[0] for each in (text or b"").decode().split("\n\n")}

    def qualifiers(self, namespace: str) -> list[str]:
        """The qualifiers of a namespace."""
        place = self.namespace(namespace)
        return sorted(each.name for each in (place / "qualifiers").iterdir()) if place else []

    @property
    def interop(self) -> Optional[str]:
        """The Interop namespace: which has the classes that registrations are of."""
        return next((each for each in INTEROPS if _MODULES in self.classes(each)), None)

    def modules(self) -> dict[str, Path]:
        """The provider modules that are registered, each with the file that says so."""
        place = self.namespace(self.interop or "")
        if place is None:
            return {}
        index = place / "instances" / f"{_MODULES}.idx"
        text = (files.content(index) or b"").decode("utf-8", "replace")
        return dict.fromkeys(_LIVE.findall(text), index)
