# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenWBEM: its classes say by a qualifier which library provides them.

What was compiled is kept, so that it can be undone. DMTF's classes that a namespace lacks are ours;
they stay where it has others, which may stand on them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from ..cim import Error
from . import files, library
from .plan import FORMS, NAMES, Plan

CONFIGURATIONS = ("/etc/openwbem/openwbem.conf", "/usr/local/etc/openwbem/openwbem.conf")
MORE = "owcimomd.additional_config_files_dirs"
_SETTING = re.compile(r"^(?![#;])[ \t]*([^=\n]*?)[ \t]*=[ \t]*(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
_QUALIFIER = re.compile(r"^Qualifier (\w+)", re.MULTILINE)
_NAMESPACE = re.compile(r'^#pragma namespace ?\("([^"]*)"\)', re.MULTILINE)


class Declared(NamedTuple):
    """The names of what a namespace declares."""

    classes: list[str]
    qualifiers: list[str]


class Place:
    """The OpenWBEM of this machine."""

    name = "openwbem"

    def __init__(self, schema: Optional[Path] = None) -> None:
        self._compiler = files.needed("owmofc", "OpenWBEM")
        self._runs = bool(files.processes("owcimomd"))
        named = os.environ.get("OPENWBEM_CONF")
        found = [Path(each) for each in ([named] if named else CONFIGURATIONS)]
        file = next(filter(Path.exists, found), found[0])
        self._settings = settings(file)
        places = self._settings.get(
            "cmpiprovifc.prov_location", ["/usr/lib/openwbem/cmpiproviders"])
        self.libraries = library.folder([Path(each) for each in _folders(places)], file)
        self.interop = self._setting("owcimomd.interop_schema_namespace", FORMS[self.name].interop)
        self.state = files.state(self.name)
        self._told: dict[str, Declared] = {}

    def _setting(self, name: str, otherwise: str) -> str:
        return self._settings.get(name, [otherwise])[-1]

    @property
    def _data(self) -> str:
        return self._setting("owcimomd.datadir", "/var/lib/openwbem")

    @property
    def _url(self) -> str:
        port = self._setting("http_server.http_port", "5988").split()[0]
        said = os.environ.get("OPENWBEM_URL") or f"http://localhost:{port}"
        return said.rstrip("/") + "/"

    # what it has

    def _there(self, namespace: str) -> Declared:
        """What a namespace declared at first; it is asked for once."""
        if namespace not in self._told:
            self._told[namespace] = self._asked(namespace)
        return self._told[namespace]

    def _asked(self, namespace: str) -> Declared:
        if not self._runs:
            return self._repository.get(namespace.lower(), declared(""))
        try:
            names, qualifiers = (files.run(each, "-u", self._url + namespace)
                                 for each in ("owenumclassnames", "owenumqualifiers"))
        except Error as error:
            if "namespace does not exist" in error.text:
                return declared("")
            raise
        return declared(qualifiers)._replace(classes=names.split())

    @functools.cached_property
    def _repository(self) -> dict[str, Declared]:
        """What is declared, by namespace, while it does not run."""
        if not any(Path(self._data).glob("*")):
            return {}  # it is made by the first compilation
        dumped = files.run("owrepositorydump", "-d", self._data)
        _, *parts = _NAMESPACE.split(dumped)
        return {name.lower(): declared(text) for name, text in zip(parts[::2], parts[1::2])}

    def _others(self, namespace: str) -> Declared:
        """What a namespace declares but for what was compiled here."""
        kept = declared(_text(self._kept(namespace)))
        return Declared(*([each for each in there if each not in ours]
                          for there, ours in zip(self._there(namespace), kept)))

    def _kept(self, namespace: str) -> Path:
        return self.state / f"{namespace.replace('/', '#')}.mof"

    def _texts(self, plan: Plan) -> dict[Path, str]:
        return {self._kept(each): plan.mof(
            each, other.classes, FORMS[self.name].marks, other.qualifiers)
            for each in plan.namespaces for other in [self._others(each)]}

    def others(self) -> list[str]:
        """libvirt-cim's own libraries, which the classes that it loaded name."""
        return [str(each) for each in sorted(self.libraries.glob("libVirt_*.so"))]

    def missing(self, plan: Plan) -> dict[str, list[str]]:
        """DMTF's classes that it lacks, so that ours are loaded, by namespace."""
        return {each: plan.missing(each, self._others(each).classes)
                for each in plan.namespaces}

    # what is done

    def register(self, plan: Plan, replace: bool) -> list[str]:
        """Compile what was not compiled so before; what was done."""
        wanted = self._texts(plan)
        if set(self.state.glob("*")) == set(wanted) and not [*self._wrong(plan, wanted)]:
            return []
        done = self.remove()
        done += [f"{each}: kept as {each.name}{files.ASIDE}" for each in self._aside() if replace]
        for namespace, (file, text) in zip(plan.namespaces, wanted.items()):
            files.put({file: text})
            try:
                self._compile(namespace, file, "-c")
            except Error:
                with contextlib.suppress(Error):  # what was wrong first is told
                    self.remove()
                files.delete([file], self.state.parent)
                raise
            done.append(f"{namespace}: {file} compiled")
        return done

    def _aside(self) -> list[Path]:
        found = [Path(each) for each in self.others()]
        files.aside(found)
        return found

    def remove(self) -> list[str]:
        """Take the classes out again."""
        done = []
        for file in sorted(self.state.glob("*.mof")):
            namespace = file.stem.replace("#", "/")
            names = declared(_text(file)).classes[::-1]
            if self._others(namespace).classes:
                names = [each for each in names if each.startswith(NAMES)]
            with tempfile.TemporaryDirectory() as work:
                gone = Path(work, file.name)
                gone.write_text("".join(f"class {each} {{ }};\n" for each in names), "utf-8")
                self._compile(namespace, gone, "-r")
            files.delete([file], self.state.parent)
            done.append(f"{namespace}: {file} undone")
        put_aside = sorted(self.libraries.glob(f"*{files.ASIDE}"))
        return done + [f"{each}: as before" for each in files.back(put_aside)]

    def _compile(self, namespace: str, file: Path, option: str) -> None:
        where = ["-u", self._url] if self._runs else ["-d", self._data]
        files.run(self._compiler, *where, option, "-n", namespace, str(file))

    # what is wrong

    def problems(self, plan: Plan) -> Iterator[str]:
        """What is wrong with the registration, a line each."""
        yield from self._wrong(plan, self._texts(plan))
        if not self._runs:
            yield "owcimomd does not run"

    def _wrong(self, plan: Plan, wanted: dict[Path, str]) -> Iterator[str]:
        yield from files.differences(wanted, self.name)
        for namespace in plan.namespaces:
            kept, there = _text(self._kept(namespace)), set(self._there(namespace).classes)
            lost = [each for each in declared(kept).classes if each not in there]
            if lost:
                yield (f"{namespace}: {len(lost)} of our classes are not loaded, "
                       f"{lost[0]} for one: register again")


def settings(file: Path) -> dict[str, list[str]]:
    """What a configuration and the files of the folders that it names say, the last counts most."""
    found: dict[str, list[str]] = {}

    def read(each: Path) -> None:
        for name, value in _SETTING.findall(_text(each)):
            found.setdefault(name, []).append(value)

    read(file)
    for folder in [*_folders(found.get(MORE, [f"{file}.d"]))]:
        for each in sorted(Path(folder).glob("*.conf")):
            read(each)
    return found


def _folders(values: Iterable[str]) -> Iterator[str]:
    for each in values:
        yield from filter(None, each.split(":"))


def declared(text: str) -> Declared:
    """What a MOF file declares."""
    return Declared(_CLASS.findall(text), _QUALIFIER.findall(text))


def _text(file: Path) -> str:
    return (files.content(file) or b"").decode("utf-8", "replace")
