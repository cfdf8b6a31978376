# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which instances are of one document: told by their keys, before there is a document.

Knows tables, and a kind of document by those that stand on it; how one is built is convert.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from .cim import Error, Instance, Value, find, invalid
from .expression import Location
from .ground import LIBVIRT, ROOTS, Document
from .key import path_text
from .schema import Schema
from .table import REST, Table
from .tree import Element

Part = tuple[Table, Instance]


class Whole(NamedTuple):
    """A document: its kind, and what its keys say, by the paths where it stands there."""

    kind: str
    said: tuple[tuple[str, str], ...]

    @property
    def tag(self) -> str:
        """The name of the element at its root."""
        return ROOTS[self.kind]

    @property
    def name(self) -> str:
        """What it is called; before it, where that is said, what it belongs to."""
        return "/".join(text for _, text in self.said if text)

    def __str__(self) -> str:
        return f"<{self.tag}> {self.name!r}"


class Placed:
    """Errors within begin with the place that an instance was read from."""

    def __init__(self, instance: Instance) -> None:
        self.place = instance.place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, Error) and self.place and not error.text.startswith(self.place):
            raise Error(error.status, f"{self.place}: {error.text}") from None


def kinds_of(tag: str, schema: Schema) -> tuple[str, ...]:
    """The kinds of libvirt's documents with an element of that name at the root that are read."""
    return tuple(kind for kind, root in LIBVIRT.items() if root == tag
                 and any(kind in table.roots for table in schema.tables.values()))


def carries(table: Table) -> bool:
    """Whether nothing is lost of the elements of libvirt's documents that a table stands for."""
    return REST in table.rows and not LIBVIRT.keys().isdisjoint(table.kinds)


def at_root(table: Table, kind: str) -> bool:
    """Whether the instance of a table is all of a document."""
    return any(len(root) == 1 for root in table.roots.get(kind, ()))


def carriers(schema: Schema, document: Document) -> list[Table]:
    """The tables of which a document can be made again, from its root down.

    Of those at the root the first are those that are never part of another document.
    """
    found = [(table, table.kind_of(document) or "") for table in schema.settings_at(document)
             if carries(table)]
    found.sort(key=lambda each: (len(each[0].roots[each[1]][0]), not each[0].is_root))
    return [table for table, _ in found]


def own_name(table: Table, kind: str) -> str:
    """The path of what a document is called, by which its key ends; nothing if that is constant."""
    return next(reversed(table.identity.places(kind)), "")


def without_name(root: Element, table: Table, kind: str) -> str:
    """What is wrong with a document that does not say what it is called; nothing where it does."""
    where = own_name(table, kind)
    if not where:
        return ""
    said = next(iter(root.xpath(where)), "")
    text = said if isinstance(said, str) else said.text or ""  # of its own, as a key has it
    if text.strip():
        return ""
    name = where.rpartition("/")[2]
    return f"<{root.tag}> has no {name if name.startswith('@') else f'<{name}>'}"


def naming(table: Table, kind: str) -> dict[str, str]:
    """The properties, keys apart, that say what stands at a path from the root."""
    found: dict[str, str] = {}
    for row in table.rows.values():
        for arm in row.arms(kind) if not row.declared.qualifier("Key") else ():
            where = arm.expression
            if isinstance(where, Location):
                above = "" if where.absolute else f"/{ROOTS[kind]}"
                found.setdefault(above + path_text(where.steps), row.name)
    return found


# by document

def wholes(found: Iterable[Part]) -> dict[Whole, list[Part]]:
    """The documents that there are instances of, and which; those of their roots come first.

    Of a guest with both configurations it is the defined one.
    """
    made: dict[Whole, list[Part]] = {}
    below: list[Part] = []
    for table, instance in found:
        if not any(at_root(table, kind) for kind in LIBVIRT):
            below.append((table, instance))
            continue
        with Placed(instance):
            whole = _meant(table, instance)
            if any(_same(table, each) for each, _ in made.get(whole, ())):
                raise invalid(f"there are two {table.name} of {whole}")
        if at_root(table, whole.kind):
            made.setdefault(whole, []).append((table, instance))
    for table, instance in below:
        with Placed(instance):
            owner = _owner(table, instance, made)
        if owner is not None:
            made[owner].append((table, instance))
    return {whole: parts for whole, parts in made.items() if not _shadowed(whole, made)}


def _same(one: Table, other: Table) -> bool:
    """Whether two tables are of one class, but for the hypervisor's prefix."""
    return one.name.partition("_")[2] == other.name.partition("_")[2]


def _shadowed(whole: Whole, made: Mapping[Whole, Any]) -> bool:
    """Whether the same guest is there in a kind of document that goes before."""
    earlier = [kind for kind in LIBVIRT if LIBVIRT[kind] == whole.tag]
    return any(whole._replace(kind=kind) in made for kind in earlier[:earlier.index(whole.kind)])


def _meant(table: Table, instance: Instance) -> Whole:
    """The document of a root's instance: of those its key may mean the one it names otherwise."""
    candidates = _candidates(table, instance)
    return next((each for each in candidates if _named(table, instance, each)), candidates[0])


def _named(table: Table, instance: Instance, whole: Whole) -> bool:
    """Whether an instance names its document as the key would."""
    names = naming(table, whole.kind)
    told = [(find(instance.properties, names.get(where, "")), text) for where, text in whole.said]
    return all(name in (None, text) for name, text in told)


def _candidates(table: Table, instance: Instance) -> Sequence[Whole]:
    """The documents that an instance may be of, the likeliest first."""
    kind = next(each for each in LIBVIRT if each in table.kinds)
    keys = keys_of(table, instance)
    if None in keys.values():
        names = naming(table, kind) if at_root(table, kind) else {}
        return [_whole(kind, {where: str(find(instance.properties, names.get(where, "")) or "")
                              for where in table.identity.places(kind)})]
    known = table.identity.known(keys)
    if not known:
        raise invalid(f"{table.name}: {', '.join(map(str, keys.values()))!r} is not a key of it")
    return [_whole(kind, texts) for kind, texts in known]


def keys_of(table: Table, instance: Instance) -> Mapping[str, Value]:
    """The keys of an instance: its properties, or else those of its path."""
    names = [key.name for key in table.identity.first(table.kinds[0])]
    keys = {name: find(instance.properties, name) for name in names}
    return instance.path.keys if instance.path is not None and None in keys.values() else keys


def _whole(kind: str, said: Mapping[str, str]) -> Whole:
    return Whole(kind, tuple(sorted(said.items())))


def _owner(table: Table, instance: Instance, made: Mapping[Whole, Any]) -> Optional[Whole]:
    """The document among those that an instance belongs to; None if it says what a host can give.
    """
    candidates = _candidates(table, instance)
    for whole in candidates:
        if whole in made:
            return whole
    fitting = [whole for whole in made if whole.kind in table.kinds]
    if not candidates[0].name and len(fitting) == 1:
        return fitting[0]
    if candidates[0].kind not in LIBVIRT:
        return None
    raise invalid(f"{table.name}: {candidates[0]} has no settings of its own here")
