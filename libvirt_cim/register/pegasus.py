# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with OpenPegasus: MOF compiled into its repository, by the server if it runs.

What was compiled is kept, so that it can be undone, as is what gave way to it; that needs the
server to run. DMTF's classes that a namespace lacks are included from the server's own schema, and
are ours where that has none.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Optional

from ..cim import Error, Status
from . import files, former, library, schema_files
from .plan import FORMS, MODULE, NAMES, Plan
from .repository import Repository

HOMES = ("/var/lib/Pegasus", "/var/lib/pegasus")
SCHEMAS = ("/usr/share/Pegasus/mof", "/usr/share/mof/cim-current")
LIBRARIES = ("/usr/lib64/cmpi", f"/usr/lib/{os.uname().machine}-linux-gnu/cmpi", "/usr/lib/cmpi")
_LOADED = re.compile(r'^(?:#pragma include \("(?:.*/)?(\w+)\.mof"\)|class (\w+)|Qualifier (\w+))',
                     re.MULTILINE)
_MADE = "// Made for them.\n"
_SERVERS = "PG_"  # what the names of the server's own classes begin with


class Place:
    """The OpenPegasus of this machine."""

    name = "pegasus"

    def __init__(self, schema: Optional[Path] = None) -> None:
        files.needed("cimmofl", "OpenPegasus")
        self._runs = bool(files.processes("cimserver"))
        self._home = os.environ.get("PEGASUS_HOME")
        self._homes = [Path(each) for each in ([self._home] if self._home else HOMES)]
        self.repository = Repository(self._repository())
        self.interop = self.repository.interop or FORMS[self.name].interop
        self.state = files.state(self.name)
        self.former = self.state.with_name(self.name + files.ASIDE)
        self.schema = schema or self._schema()
        self._index = schema_files.index(self.schema) if self.schema else {}
        if schema and not self._index:
            raise Error(Status.FAILED, f"{schema}: there is no MOF in it")

    # where things are

    @functools.cached_property
    def libraries(self) -> Path:
        """Where the server says that libraries are, or has them if it can't be asked."""
        places = [Path(each) for each in self._setting("providerDir").split(":") if each]
        own = [Path(self._home, "lib")] if self._home else []
        return library.folder(
            [self._homes[0] / each for each in places] or own
            or [each for each in map(Path, LIBRARIES) if each.is_dir()], "OpenPegasus' providerDir")

    def _setting(self, name: str) -> str:
        """A setting of the server; nothing if it can't be asked."""
        try:
            if self._runs:
                said = files.run("cimconfig", "-g", name, "-c")
                return said.partition(":")[2].strip()
            match = re.search(rf"^{name}=(.*)", files.run("cimconfig", "-l", "-p"), re.MULTILINE)
        except Error:
            return ""
        return match[1].strip() if match else ""

    def _repository(self) -> Path:
        wanted = self._setting("repositoryDir") or "repository"
        for home in self._homes:
            if (home / wanted).is_dir():
                return home / wanted
        raise Error(Status.FAILED, f"{self._homes[0] / wanted}: OpenPegasus' repository is not "
                                   "there: is PEGASUS_HOME what the server has?")

    def _schema(self) -> Optional[Path]:
        root = os.environ.get("PEGASUS_ROOT")
        places = [*Path(root, "Schemas").glob("CIM2??")] if root else []
        return next((each for each in [*sorted(places, reverse=True), *map(Path, SCHEMAS)]
                     if each.is_dir()), None)

    # what is compiled

    def _wanted(self, plan: Plan) -> dict[Path, str]:
        """What is compiled, by the names under which it is kept; the registration is the last."""
        return {**{self._kept(each): self._text(plan, each) for each in plan.namespaces},
                self.state / "registration": plan.registration(self.name)}

    def _kept(self, namespace: str) -> Path:
        return self.state / f"{namespace.replace('/', '#')}.mof"

    def _text(self, plan: Plan, namespace: str) -> str:
        present = self._present(namespace)
        lacking = plan.missing(namespace, present)
        included = schema_files.needed(lacking, self._index, present)
        named = [self._index[each] for each in included]
        made = not present
        if made:
            named = [self._index[each] for each in schema_files.QUALIFIERS
                     if each in self._index] + named
        ours = plan.mof(namespace, present | set(included),
                        qualifiers=() if made and not named else None)
        lines = schema_files.includes(named, self.schema) if self.schema else ""
        return _MADE * made + lines + ours

    def _present(self, namespace: str) -> set[str]:
        """The classes that a namespace has but for ours and those that the server puts anywhere."""
        kept = (files.content(self._kept(namespace)) or b"").decode()
        return {each for each in self.repository.classes(namespace) - set(_loaded(kept))
                if not each.startswith(_SERVERS)}

    def missing(self, plan: Plan) -> dict[str, list[str]]:
        """DMTF's classes that the server lacks, so that ours are loaded, by namespace."""
        found = {}
        for each in plan.namespaces:
            present = self._present(each)
            lacking = plan.missing(each, present)
            present |= set(schema_files.needed(lacking, self._index, present))
            found[each] = plan.missing(each, present)
        return found

    def others(self) -> list[str]:
        """Modules and classes with our prefixes that somebody else registered."""
        found = [f"{file} ({name})" for name, file in self._modules().items()]
        for place in self.repository.folder.iterdir():
            names = self._strange(place.name.replace("#", "/"))
            if names:
                found.append(f"{place}/classes ({names[0]} and others, {len(names)} in all)")
        return found

    def _modules(self) -> dict[str, Path]:
        return {name: file for name, file in self.repository.modules().items()
                if name.startswith(NAMES)}

    def _strange(self, namespace: str) -> list[str]:
        return sorted(each for each in self._present(namespace) if each.startswith(NAMES))

    # what is done

    def register(self, plan: Plan, replace: bool) -> list[str]:
        """Compile what is not there yet; what was done."""
        try:
            done = self._replace() if replace else []
            wanted = self._wanted(plan)
            if self._is_so(plan, wanted):
                return done
            done += self._take_out()
            for namespace, (file, text) in zip([*plan.namespaces, self.interop], wanted.items()):
                done += self._compile(namespace, file, text)
        except Error:
            if self._runs:
                with contextlib.suppress(Error):  # what was wrong first is told
                    self.remove()
            raise
        return done

    def _is_so(self, plan: Plan, wanted: dict[Path, str]) -> bool:
        return all(files.content(file) == text.encode() for file, text in wanted.items()) \
            and set(self.state.glob("*")) == set(wanted) and not [*self._lost(plan)]

    def _lost(self, plan: Plan) -> Iterator[str]:
        """What the repository has not, though it should."""
        for namespace in plan.namespaces:
            there = self.repository.classes(namespace)
            lost = [each.name for each in plan.entries.values()
                    if namespace in each.namespaces and each.name not in there]
            if lost:
                yield (f"{namespace}: {len(lost)} of our classes are not loaded, "
                       f"{lost[0]} for one: register again")
        if MODULE not in self.repository.modules():
            yield f"{self.interop}: the provider is not registered: register again"

    def _compile(self, namespace: str, file: Path, text: str) -> list[str]:
        files.put({file: text})
        compiler = ["cimmof"] if self._runs else [
            "cimmofl", "-R", str(self.repository.folder.parent),
            "-N", self.repository.folder.name]
        paths = ["-I", str(self.schema)] if self.schema else []
        files.run(*compiler, "-w", "-aE", *paths, "-n", namespace, str(file))
        return [f"{namespace}: {file} compiled"]

    def remove(self) -> list[str]:
        """Take ours out of the repository again, and put back what gave way to it."""
        done = self._take_out()
        before = sorted(self.former.glob("*"), key=lambda each: each.name == former.REGISTRATION)
        if before:
            self._must_run()
        for file in before:
            namespace = former.namespace_of(file, self.interop)
            done += self._compile(namespace, file, file.read_text("utf-8"))
        files.delete(before, self.state.parent)
        return done

    def _take_out(self) -> list[str]:
        """Take the registration and the classes out of the repository again."""
        kept = sorted(self.state.glob("*"))
        if not kept:
            return []
        self._must_run()
        done = []
        if MODULE in self.repository.modules():
            done += self._unregister([MODULE])
        for file in kept:
            text = file.read_text("utf-8")
            namespace = file.stem.replace("#", "/")
            if file.suffix:
                self._delete(namespace, _loaded(text)[::-1], text.startswith(_MADE))
                done.append(f"{namespace}: {file} undone")
        files.delete(kept, self.state.parent)
        return done

    def _must_run(self) -> None:
        if not self._runs:
            raise Error(Status.FAILED, "what is registered with OpenPegasus is removed by the "
                                       "server itself: start it")

    def _unregister(self, modules: Iterable[str]) -> list[str]:
        for each in modules:
            files.run("cimprovider", "-d", "-m", each)
            files.run("cimprovider", "-r", "-m", each)
        return [f"{self.interop}: {each} removed" for each in modules]

    def _delete(self, namespace: str, names: Sequence[str], whole: bool) -> None:
        """Delete classes and qualifiers; what others stand on stays, as does their namespace."""
        there = self.repository.classes(namespace)
        if whole:
            names = [*(each for each in there if each.startswith(_SERVERS)), *names]
        qualifiers = self.repository.qualifiers(namespace)
        for each in names:
            try:
                if each in there:
                    files.run("cimcli", "dc", each, "-n", namespace)
                elif each in qualifiers:
                    files.run("cimcli", "dq", each, "-n", namespace)
            except Error as error:
                if "HAS_CHILDREN" not in error.text and "NOT_FOUND" not in error.text:
                    raise
        if whole and self.repository.namespace(namespace) \
                and not self.repository.classes(namespace):
            for each in self.repository.qualifiers(namespace):
                files.run("cimcli", "dq", each, "-n", namespace)
            above, _, name = namespace.rpartition("/")
            files.run("cimcli", "di", f'__Namespace.Name="{name}"', "-n", above or "root")

    def _replace(self) -> list[str]:
        """Remove libvirt-cim's own modules and classes; as MOF they are kept."""
        modules = self._modules()
        spaces = [each.name.replace("#", "/") for each in self.repository.folder.iterdir()]
        strange = {each: names for each in spaces for names in [self._strange(each)] if names}
        if not modules and not strange:
            return []
        self._must_run()
        files.put({self.former / former.REGISTRATION: former.registration(self.interop, modules)})
        files.put({self.former / f"{each.replace('/', '#')}.mof": former.classes(
            each, names, self.repository.associations(each)) for each, names in strange.items()})
        done = self._unregister(modules)
        for namespace in strange:
            done += self._clear(namespace)
        return [*done, f"{self.former}: what gave way is kept here, and --remove brings it back"]

    def _clear(self, namespace: str) -> list[str]:
        """Delete classes with our prefixes: associations while what they name is still there."""
        names = found = self._strange(namespace)
        links = self.repository.associations(namespace)
        while names:  # those that others stand on come later
            self._delete(namespace, sorted(names, key=lambda each: each not in links), False)
            left = self._strange(namespace)
            if len(left) == len(names):
                raise Error(Status.FAILED, f"{namespace}: {', '.join(left)}: can't be deleted")
            names = left
        return [f"{namespace}: {each} deleted" for each in found]

    def problems(self, plan: Plan) -> Iterator[str]:
        """What is wrong with the registration, a line each."""
        yield from files.differences(self._wanted(plan), self.name)
        yield from self._lost(plan)
        if not self._runs:
            yield "cimserver does not run"


def _loaded(text: str) -> list[str]:
    """The classes and qualifiers that a MOF file of ours declares or includes."""
    return [next(filter(None, each)) for each in _LOADED.findall(text)]


