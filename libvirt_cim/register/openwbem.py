# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenWBEM: its classes say by a qualifier which library provides them.

OpenWBEM can't be asked what it has, so DMTF's schema must be in the namespaces already. What was
compiled is kept, so that it can be undone.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ..cim import Error
from . import files, library
from .plan import FORMS, Plan

CONFIGURATIONS = ("/etc/openwbem/openwbem.conf", "/usr/local/etc/openwbem/openwbem.conf")


class Place:
    """The OpenWBEM of this machine. How it is told of DMTF's classes is its own business."""

    name = "openwbem"

    def __init__(self, schema: Optional[Path] = None) -> None:
        self._compiler = files.needed("owmofc", "OpenWBEM")
        named = os.environ.get("OPENWBEM_CONF")
        found = (files.content(Path(each)) for each in ([named] if named else CONFIGURATIONS))
        self._text = (next(filter(None, found), b"")).decode("utf-8", "replace")
        places = self._setting("cmpiprovifc.prov_location", "/usr/lib/openwbem/cmpiproviders")
        self.libraries = library.folder([Path(each) for each in places.split(":")], places)
        self.interop = self._setting("owcimomd.interop_schema_namespace", FORMS[self.name].interop)
        self.state = files.state(self.name)

    def _setting(self, name: str, otherwise: str) -> str:
        match = re.search(rf"^\s*{re.escape(name)}\s*=\s*(\S.*?)\s*$", self._text, re.MULTILINE)
        return match[1] if match else otherwise

    def _texts(self, plan: Plan) -> dict[Path, str]:
        return {self.state / f"{each.replace('/', '#')}.mof":
                plan.mof(each, None, FORMS[self.name].marks) for each in plan.namespaces}

    def others(self) -> list[str]:
        """libvirt-cim's own libraries, which the classes that it loaded name."""
        return [str(each) for each in sorted(self.libraries.glob("libVirt_*.so"))]

    def missing(self, plan: Plan) -> dict[str, list[str]]:
        """Nothing: nobody knows."""
        return {}

    def register(self, plan: Plan, replace: bool) -> list[str]:
        """Compile what was not compiled so before; what was done."""
        wanted = self._texts(plan)
        if set(self.state.glob("*")) == set(wanted) and all(
                files.content(each) == text.encode() for each, text in wanted.items()):
            return []
        done = self.remove()
        done += [f"{each}: kept as {each.name}{files.ASIDE}" for each in self._aside() if replace]
        for file, text in wanted.items():
            files.put({file: text})
            try:
                done.append(self._compile(file))
            except Error:
                file.unlink()
                with contextlib.suppress(Error):  # what was wrong first is told
                    self.remove()
                raise
        return done

    def _aside(self) -> list[Path]:
        found = [Path(each) for each in self.others()]
        files.aside(found)
        return found

    def remove(self) -> list[str]:
        """Take the classes out again."""
        done = []
        for file in sorted(self.state.glob("*.mof")):
            done.append(self._compile(file, "-r"))
            files.delete([file], self.state.parent)
        put_aside = sorted(self.libraries.glob(f"*{files.ASIDE}"))
        return done + [f"{each}: as before" for each in files.back(put_aside)]

    def _compile(self, file: Path, *options: str) -> str:
        namespace = file.stem.replace("#", "/")
        where = ["-u", os.environ.get("OPENWBEM_URL", "http://localhost:5988/")] \
            if files.processes("owcimomd") else \
            ["-d", self._setting("owcimomd.datadir", "/var/lib/openwbem")]
        files.run(self._compiler, *where, *(options or ("-c",)), "-n", namespace, str(file))
        return f"{namespace}: {file} {'undone' if options else 'compiled'}"

    def problems(self, plan: Plan) -> Iterator[str]:
        """What is wrong with the registration, a line each."""
        yield from files.differences(self._texts(plan), self.name)
        if not files.processes("owcimomd"):
            yield "owcimomd does not run"
