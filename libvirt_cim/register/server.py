# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CIM server of this machine: registration with it, step by step the same for all.

What differs is each server's own: where its files are, and how it reads them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional, Protocol

from ..cim import Error, Status
from . import library
from .plan import Plan


class Place(Protocol):
    """What a server has of its own."""

    name: str
    interop: str

    @property
    def libraries(self) -> Path:
        """Where the server looks for libraries; cim.Error if that can't be known."""

    def others(self) -> list[str]:
        """Where libvirt-cim's own registration stands."""

    def missing(self, plan: Plan) -> dict[str, list[str]]:
        """DMTF's classes that the server has not, so that ours are loaded, by namespace."""

    def register(self, plan: Plan, replace: bool) -> list[str]:
        """Register, all or nothing; what was done."""

    def remove(self) -> list[str]:
        """Undo it; what was done."""

    def problems(self, plan: Plan) -> Iterator[str]:
        """What is wrong, a line each."""


class Server:
    """Registration with a server."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.name, self.interop = place.name, place.interop

    def register(self, plan: Plan, settings: Mapping[str, str], replace: bool) -> list[str]:
        """Put library, MOF and registration where the server looks; what was done.

        The settings are for the library's file.
        """
        others = self._place.others()
        if others and not replace:
            raise Error(Status.ALREADY_EXISTS, "\n".join(
                f"{each}: libvirt-cim's own registration stands here: --replace puts it aside"
                for each in others))
        missing = [f"{namespace}: the server lacks {name}: libvirt-cim's is loaded"
                   for namespace, names in self._place.missing(plan).items() for name in names]
        with library.undone(self._place.libraries):
            done = library.put(self._place.libraries, settings)
            done += self._place.register(plan, replace)
        return [*missing, *done] if done else []

    def remove(self) -> list[str]:
        """Undo it; what was done. Where the library is need not be known for the rest."""
        done = self._place.remove()
        try:
            return done + library.remove(self._place.libraries)
        except Error as error:
            raise Error(error.status, f"{error.text}: {library.FILE} is not removed, "
                                      "all else of libvirt-cim is") from None

    def check(self, plan: Plan, settings: Mapping[str, str]) -> list[str]:
        """What is wrong, a line each."""
        return [*(f"{each}: libvirt-cim's own registration stands here: register --replace"
                  for each in self._place.others()),
                *library.problems(self._place.libraries, settings),
                *self._place.problems(plan)]


def server(name: str, schema: Optional[Path] = None) -> Server:
    """The server of that name on this machine; the folder is where its own schema's MOF is."""
    module: Any = importlib.import_module(f".{name}", __package__)
    return Server(module.Place(schema))
