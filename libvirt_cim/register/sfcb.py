# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with sfcb: files in its staging area, of which sfcbrepos makes what it reads.

sfcbrepos makes everything anew, and knows by its help where its folders are. The provider's library
goes where sfcb.cfg says.
"""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ..cim import Error, Status
from . import files, library, schema_files
from .plan import FORMS, NAMES, Plan

NAME = "libvirt-cim"  # of our files in the staging area
_SECTION = re.compile(r"^\s*\[\s*([^\]\s]+)\s*\]", re.MULTILINE)
_FOLDER = re.compile(r"-([src])\s.*\[(/[^\]]*)\]")


class Place:
    """The sfcb of this machine."""

    name = "sfcb"
    interop = FORMS[name].interop

    def __init__(self, schema: Optional[Path] = None) -> None:
        self._repos = files.needed("sfcbrepos", self.name)
        found = {letter: Path(place) for letter, place
                 in _FOLDER.findall(files.run(self._repos, "-h"))}
        try:
            self.stage, self.registration = found["s"], found["r"]
            self.schema = schema or found["c"]
        except KeyError:
            raise Error(Status.FAILED, f"{self._repos} -h does not say where its folders are") \
                from None
        self._tops = (self.stage, self.stage / "regs", self.stage / "mofs")
        self.repository = self.registration / "repository"
        self.registered = self.registration / "providerRegister"

    @functools.cached_property
    def libraries(self) -> Path:
        """Where sfcb.cfg, which sfcbrepos names, says that libraries are."""
        match = re.search(r"/[^\s}]*/sfcb\.cfg", Path(self._repos).read_text("utf-8", "replace"))
        text = (files.content(Path(match[0])) or b"").decode("utf-8", "replace") if match else ""
        found = re.search(r"^\s*providerDirs\s*:(.*)", text, re.MULTILINE)
        return library.folder([Path(each) for each in found[1].split()] if found else [],
                              match[0] if match else self._repos)

    # what there is

    def _files(self, plan: Plan) -> dict[Path, str]:
        """What the staging area must have."""
        found = {self.stage / "regs" / f"{NAME}.reg": plan.registration(self.name)}
        for namespace in plan.namespaces:
            place = self.stage / "mofs" / namespace / f"{NAME}.mof"
            found[place] = plan.mof(namespace, self._present(namespace))
        return found

    def _present(self, namespace: str) -> set[str]:
        """DMTF's classes that sfcb finds by itself: of its schema, and of others' files."""
        found = set(self._schema)
        for folder in (self.stage / "mofs" / namespace, self.stage / "mofs"):
            for each in set(folder.glob("*.mof")) - set(self._own()):
                found.update(schema_files.declared(each))
        return found

    @functools.cached_property
    def _schema(self) -> list[str]:
        """The classes of DMTF's schema that sfcb has."""
        file = self.schema / "CIM_Schema.mof"
        found = schema_files.declared(file)
        if not found:
            raise Error(Status.FAILED, f"{file}: DMTF's schema is not there, nor can sfcb do "
                                       "without it")
        return found

    def missing(self, plan: Plan) -> dict[str, list[str]]:
        """DMTF's classes that sfcb has not, so that ours are loaded, by namespace."""
        return {each: plan.missing(each, self._present(each)) for each in plan.namespaces}

    def _own(self) -> list[Path]:
        """Our files in the staging area, whatever they were registered for."""
        return sorted([*self.stage.glob(f"regs/{NAME}.reg"),
                       *self.stage.glob(f"mofs/**/{NAME}.mof")])

    def _aside(self) -> list[Path]:
        return sorted(self.stage.rglob(f"*{files.ASIDE}"))

    def others(self) -> list[str]:
        """Files that register libvirt-cim's own providers, or declare its classes."""
        return [str(each) for each in self._others()]

    def _others(self) -> list[Path]:
        """Files by which somebody else provides or declares classes with our prefixes."""
        own = self._own()
        found = {each for each in self.stage.glob("regs/*.reg") if _ours(_sections(each))}
        found |= {each for each in self.stage.glob("mofs/**/*.mof")
                  if _ours(schema_files.declared(each))}
        return sorted(found - set(own))

    def _built(self, plan: Plan) -> Iterator[str]:
        """What sfcbrepos has not made of our files."""
        text = (files.content(self.registered) or b"").decode("utf-8", "replace")
        if plan.registration(self.name) not in text:
            yield f"{self.registered}: our classes are not in it: run sfcbrepos -f"
        for namespace in plan.namespaces:
            file = self.repository / namespace / "classSchemas"
            data = files.content(file) or b""
            wanted = [each for each in plan.entries.values() if namespace in each.namespaces]
            lost = [each.name for each in wanted if each.name.encode() not in data]
            if lost and not file.with_name("classSchemas.gz").exists():
                yield f"{file}: {len(lost)} of our classes are not in it: run sfcbrepos -f"

    # what is done

    def register(self, plan: Plan, replace: bool) -> list[str]:
        """Stage the files and have the repository made; what was done, nothing if it was so."""
        wanted = self._files(plan)
        others = self._others() if replace else []
        own = self._own()
        hidden = [files.hidden(each) for each in others]
        with files.undone([*wanted, *own, *others, *hidden], *self._tops):
            done = [f"{each}: kept as {each.name}{files.ASIDE}" for each in others]
            files.aside(others)
            done += [f"{each}: removed" for each in
                     files.delete(set(own) - set(wanted), *self._tops)]
            done += [f"{each}: written" for each in files.put(wanted)]
            if done or [*self._built(plan)]:
                self._make()
                done.append(f"{self.registration}: made anew")
        return done + self._restart(done)

    def remove(self) -> list[str]:
        """Take our files away, put back what gave way to them, and have the repository made."""
        own, hidden = self._own(), self._aside()
        others = [files.before(each) for each in hidden]
        with files.undone([*own, *hidden, *others], *self._tops):
            done = [f"{each}: removed" for each in files.delete(own, *self._tops)]
            done += [f"{each}: as before" for each in files.back(hidden)]
            if done:
                self._make()
                done.append(f"{self.registration}: made anew")
        return done + self._restart(done)

    def _make(self) -> None:
        """Have sfcbrepos make the repository; if it can't, what it put aside is put back."""
        before = {each: each.stat().st_ino for each in (self.repository, self.registered)
                  if each.exists()}
        try:
            files.run(self._repos, "-f", "-c", str(self.schema))
        except Error:
            for each, number in before.items():
                old = each.with_name(f"{each.name}.previous")
                if old.exists() and old.stat().st_ino == number:  # not one of a time before
                    shutil.rmtree(each) if each.is_dir() else each.unlink(missing_ok=True)
                    old.rename(each)
            raise

    def _restart(self, done: list[str]) -> list[str]:
        return ["sfcbd runs: restart it"] if done and files.processes("sfcbd") else []

    def problems(self, plan: Plan) -> Iterator[str]:
        """What is wrong with the registration, a line each."""
        yield from files.differences(self._files(plan), self.name)
        yield from self._built(plan)
        running = files.processes("sfcbd")
        if not running:
            yield "sfcbd does not run"
        elif self.registered.exists() and max(
                each.stat().st_mtime for each in running) < self.registered.stat().st_mtime:
            yield f"sfcbd has been running since before {self.registered} was made: restart it"


def _sections(file: Path) -> list[str]:
    return _SECTION.findall(file.read_text("utf-8", "replace"))


def _ours(names: list[str]) -> bool:
    """Whether there is a class with one of our prefixes."""
    return any(each.startswith(NAMES) for each in names)


