# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which classes are in which namespace, as Virt_Namespaces says it.

The first namespace of a class is its home, which its instances' paths name; in the others they are
shown as well. A class that says nothing is at home in root/virt. Knows no operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from .cim import Error, Instance, Path, Status
from .model import Model, named
from .schema import Schema

HOME = "root/virt"
INTEROP = "interop"
SHOWN, SAME = "Virt_Namespaces", "Virt_SameAs"
ALIASES = {"root/interop": INTEROP, "root/pg_interop": INTEROP}


class Namespaces:
    """The namespaces of one connection, whose own is `home` instead of root/virt."""

    def __init__(self, schema: Schema, home: str = HOME) -> None:
        self.home = home
        self._schema = schema
        self._of: dict[str, tuple[str, ...]] = {
            name: tuple(home if each == HOME else each for each in _declared(schema, name))
            for name in schema.declared if not name.startswith("CIM_")
        }
        others = {each for places in self._of.values() for each in places} - {home}
        self.names = (home, *sorted(others))
        self._standard: dict[str, set[str]] = {}  # DMTF's classes by namespace, once asked for
        self._same = {
            tuple(found.value.split(":")): name for name in self._of
            for found in [schema.declared.head(name).get(SAME)] if found is not None}

    def name(self, namespace: Optional[str]) -> str:
        """The namespace that is meant, none being home, or CIM_ERR_INVALID_NAMESPACE."""
        if namespace is None:
            return self.home
        found = _found(namespace, self.names)
        if found is not None:
            return found
        raise Error(Status.INVALID_NAMESPACE, f"namespace {namespace} does not exist")

    def of(self, class_name: str) -> tuple[str, ...]:
        """The namespaces that a class of ours is in, its home first."""
        return self._of.get(class_name, self.names)

    def has(self, namespace: str, class_name: str) -> bool:
        """Whether a declared class is in a namespace: ours as it says, DMTF's as far as needed."""
        if class_name in self._of:
            return namespace in self._of[class_name]
        if namespace == self.home:
            return True
        if namespace not in self._standard:
            self._standard[namespace] = _needed(self._schema, self._of, namespace)
        return class_name in self._standard[namespace]

    def right(self, path: Path) -> bool:
        """Whether a path names no namespace but one that its class is in."""
        if path.namespace is None or path.class_name not in self._schema:
            return True
        return _found(path.namespace, self.of(self._schema.name(path.class_name))) is not None

    def strange(self, path: Path) -> bool:
        """Whether a path is in a namespace that is not home, and of a class that is not ours."""
        place = path.namespace and _found(path.namespace, self.names)
        return bool(place) and place != self.home and not (
            path.class_name in self._schema and self._schema.name(path.class_name) in self._of)

    def ours(self, path: Path) -> Optional[Path]:
        """Our path of what a strange one names, as Virt_SameAs says; None if it is not ours too."""
        for (place, theirs), name in self._same.items():
            if place != _found(path.namespace or "", self.names) or (
                    path.class_name in self._schema
                    and not self._schema.is_a(self._schema.name(path.class_name), theirs)):
                continue
            keys = {each.lower(): value for each, value in path.keys.items()}
            table = self._schema.table(name)
            own = [row.name for row in table.rows.values() if row.declared.qualifier("Key")]
            if keys.keys() == {each.lower() for each in own}:
                found = {each: keys[each.lower()] for each in own}
                return Path(name, {each: table.constants.get(each, value)
                                   for each, value in found.items()}, place)
        return None

    def where(self, class_name: str) -> str:
        """The first namespace with instances of a declared class, home if there are none."""
        places = {self.of(table.name)[0] for table in self._schema.below(class_name)}
        return next((each for each in self.names if each in places), self.home)

    def located(self, path: Path) -> Path:
        """A path, and those of an association's ends, with the home of the class."""
        name, keys = path.class_name, path.keys
        if self._schema.is_association(name):
            keys = {role: self.located(each) if isinstance(each, Path) else each
                    for role, each in keys.items()}
        return Path(name, keys, self._first(name))

    def placed(self, instance: Instance) -> Instance:
        """An instance whose path, and whose references, name their namespaces from now on."""
        path = instance.path
        assert path is not None
        if not self._schema.is_association(instance.class_name):
            path.namespace = self._first(path.class_name)
            return instance
        path = instance.path = self.located(path)
        ends = {name: end for name, end in path.keys.items() if name in instance.properties}
        instance.properties.update(ends)
        return instance

    def _first(self, class_name: str) -> str:
        """The first namespace with instances of a class, as it is declared."""
        return self._of.get(class_name, self.names)[0]


def folded(namespace: str) -> str:
    """What the names of one namespace have in common: case does not count, Interop has three."""
    low = namespace.strip("/").lower()
    return ALIASES.get(low, low)


def _found(namespace: str, names: tuple[str, ...]) -> Optional[str]:
    """The one of the names that is meant, in whatever case."""
    wanted = folded(namespace)
    return next((each for each in names if each.lower() == wanted), None)


def _declared(model: Model, name: str) -> list[str]:
    for each in model.superclasses(name):
        found = None if each.startswith("CIM_") else model.declared.head(each).get(SHOWN)
        if found is not None:
            return list(found.value)
    return [HOME]


def _needed(model: Model, of: dict[str, tuple[str, ...]], namespace: str) -> set[str]:
    """DMTF's classes that those of ours in a namespace stand on or name."""
    found: set[str] = set()
    waiting = [name for name, places in of.items() if namespace in places]
    while waiting:
        for each in _next(model, waiting.pop()):
            if each not in found and each not in of:
                found.add(each)
                waiting.append(each)
    return found


def _next(model: Model, name: str) -> Iterator[str]:
    class_ = model.declared[name]
    for each in (class_.superclass, *named(class_)):
        if each is not None and each in model.declared:
            yield each
