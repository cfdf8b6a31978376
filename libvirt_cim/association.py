# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the references of an association lead from a node."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Optional

from .cim import Path
from .expression import HERE, Call, Defined, Join, Location
from .ground import ROOTS, Document, Known
from .leaf import at
from .outside import Search, behind, reader
from .row import Row
from .table import Entry, Table
from .tree import Element

CONFIGURATION = "DomainConfigXML"
LOCAL_NAME = Call("local-name()")


def targets(schema: Any, row: Row, node: Element, document: Document, kind: str) -> list[Path]:
    """The paths that a reference has at a node: those of the first arm that fits it."""
    for arm in row.arms(kind):
        if arm.fits(node.tag, dict(node.attrib)):
            found = [path for ref in _classes(schema, row)
                     for path in _targets(schema, ref, arm.expression, node, document)]
            if found:
                return found
    return []


def _classes(schema: Any, row: Row) -> list[str]:
    """The classes that a reference leads to: its own, or those that Virt_Classes says."""
    chosen = row.declared.qualifier("Virt_Classes")
    return [schema.concrete(each) for each in chosen or [row.declared.reference_class or ""]]


def _targets(
    schema: Any, ref: str, found: Any, node: Element, document: Document
) -> Iterator[Path]:
    if isinstance(found, Defined):
        yield from _defined(schema, ref, node, document)
    elif isinstance(found, Join):
        expansions = schema.expansions(ref, found.last.document, found.last.path)
        for other_node, other in _search(found, expansions).nodes(node, document):
            target = at(other_node, behind(found.last))
            if target is not None:
                yield from schema.paths_at(ref, other, target)
    elif isinstance(found, Location):
        start, steps = (document.root, found.steps[1:]) if found.absolute else (node, found.steps)
        target = at(start, steps)
        if target is not None:
            yield from schema.paths_at(ref, document, target)


def _defined(schema: Any, ref: str, node: Element, document: Document) -> Iterator[Path]:
    """The same node in the guest's configuration: the document itself where the guest is off."""
    if CONFIGURATION in document.kinds:
        yield from schema.paths_at(ref, document, node)
        return
    name = document.root.findtext("name") or ""
    for table in schema.below(ref):
        if CONFIGURATION not in table.roots or table.kind_of(document) is None:
            continue
        wanted = [path for entry, path in table.paths_as(document, CONFIGURATION)
                  if entry.origin is node]
        for path in wanted:
            for config in document.source.documents(CONFIGURATION, {"/domain/name": name}, ()):
                entry = table.find(config, path)
                if entry is not None and config.root is not document.root:
                    yield entry.path


def links(schema: Any, table: Table, node: Element, document: Document) -> Iterator[Path]:
    """The paths of an association at a node: each combination of what its references name."""
    kind = table.kind_of(document) or table.kinds[0]
    found = []
    for row in table.references:
        found.append(targets(schema, row, node, document, kind))
        if not found[-1]:
            return
    names = [row.name for row in table.references]
    for ends in itertools.product(*found):
        yield Path(table.name, dict(zip(names, ends)))


def ends(schema: Any, table: Table, class_name: str, role: Optional[str]) -> Iterator[Row]:
    """The references of an association that an instance of a class can be the end of."""
    for row in table.references:
        if role and row.name.lower() != role.lower():
            continue
        if any(schema.is_a(class_name, each) for each in _classes(schema, row)):
            yield row


class End(NamedTuple):
    """A reference of an association as which an instance may stand, seen from that instance."""

    table: Table
    row: Row
    earlier: tuple[str, ...]  # the references that were looked at before


Way = tuple[tuple[str, ...], Known]  # kinds of documents, and what they must say


class _Plan:
    """The documents that are asked for alike, and for whom."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.kinds: dict[str, None] = {}
        self.ends: list[End] = []


def around(schema: Any, given: Sequence[End], document: Document, entry: Entry
           ) -> Iterator[tuple[Table, Path, Element, Document]]:
    """The links that have an entry of a document as one of the ends, with the nodes they stand on.

    Documents that are asked for alike are read together, each once.
    """
    seen: dict[End, list[Element]] = {}
    for end in given:
        seen[end] = []
        for other in _within(end.table, end.row, document):
            seen[end].append(other.root)
            yield from _links(schema, end, _nodes_within(end, other, entry), other, entry)
    plans = _plans(given, document, entry)
    ways = Counter(end for plan in plans for end in plan.ends)
    for plan in plans:
        for other in document.source.every(tuple(plan.kinds), plan.known, ()):
            for end in plan.ends:
                if end.table.kind_of(other) is None or other.root in seen[end]:
                    continue
                if ways[end] > 1:
                    seen[end].append(other.root)
                nodes = _nodes_afar(end, other, document, entry)
                yield from _links(schema, end, nodes, other, entry)


def _plans(given: Sequence[End], document: Document, entry: Entry) -> list[_Plan]:
    plans: list[_Plan] = []
    for end in given:
        for kinds, known in _ways(end.table, end.row, document, entry):
            plan = next((each for each in plans if each.known == known), None)
            if plan is None:
                plan = _Plan(known)
                plans.append(plan)
            plan.kinds.update(dict.fromkeys(kinds))
            plan.ends.append(end)
    return plans


def _links(schema: Any, end: End, nodes: Iterable[Element], document: Document, entry: Entry
           ) -> Iterator[tuple[Table, Path, Element, Document]]:
    """The links at nodes that have an entry at that end; one from an entry to itself comes once."""
    for node in nodes:
        for link in links(schema, end.table, node, document):
            if link.keys[end.row.name] == entry.path and not any(
                    link.keys[name] == entry.path for name in end.earlier):
                yield end.table, link, node, document


def _nodes_within(end: End, document: Document, entry: Entry) -> Iterator[Element]:
    here = [arm.expression for arm in end.row.every_arm()] == [HERE]
    for node in end.table.expanded(document)[0]:
        if not here or node is entry.origin or node is entry.node:
            yield node


def _nodes_afar(
    end: End, other: Document, document: Document, entry: Entry
) -> Iterator[Element]:
    joins = _joins(end.row, end.table.kind_of(other) or "", document)
    for node in end.table.expanded(other)[0]:
        if any(_begins(join, [node.tag], document, entry) for join in joins):
            yield node


def _within(table: Table, row: Row, document: Document) -> Iterator[Document]:
    """A path leads within the document, defined() to the same guest's."""
    if any(isinstance(arm.expression, Defined) for arm in row.every_arm()):
        name = document.root.findtext("name") or ""
        yield from document.source.every(table.kinds, {"/domain/name": name}, ())
        return
    kind = table.kind_of(document)
    if kind and not all(isinstance(arm.expression, Join) for arm in row.arms(kind)):
        yield document


def _joins(row: Row, kind: str, document: Document) -> list[Join]:
    """The joins of a reference that lead from one kind of document to another document."""
    return [arm.expression for arm in row.arms(kind) if isinstance(arm.expression, Join)
            and arm.expression.last.document in document.kinds]


def _ways(table: Table, row: Row, document: Document, entry: Entry) -> list[Way]:
    """The documents from which joins can lead to an entry, by what they must say."""
    ways = [(kind, known) for kind in table.kinds for join in _joins(row, kind, document)
            for known in [_known(table, join, kind, document, entry)] if known is not None]
    whole = {kind for kind, known in ways if not known}
    found: list[tuple[dict[str, None], Known]] = []
    for kind, known in ways:
        if known and kind in whole:
            continue
        alike = next((kinds for kinds, each in found if each == known), None)
        if alike is None:
            found.append(({kind: None}, known))
        else:
            alike[kind] = None
    return [(tuple(kinds), known) for kinds, known in found]


def _known(
    table: Table, join: Join, kind: str, document: Document, entry: Entry
) -> Optional[Known]:
    """What a document of a kind must say for a join to lead to an entry; None: it never does."""
    names = [root[-1] for root in table.roots[kind]]
    if not table.expand and not _begins(join, names, document, entry):
        return None
    known = _search(join.last).backwards(entry.node, entry.origin, document)
    if known is None or join.last is not join:
        return None if known is None else {}
    return known if {place.split("/")[1] for place in known} <= {ROOTS[kind]} else None


def _begins(join: Join, names: Sequence[str], document: Document, entry: Entry) -> bool:
    """Whether a join can lead from elements of such names (* is any) to an entry."""
    for theirs, ours in join.tests:
        asked: set[Optional[str]] = set(names)
        if ours == LOCAL_NAME and join.last is join and not behind(join):
            asked = {reader(theirs)(each, document) for each in (entry.origin, entry.node)}
        elif isinstance(ours, Location) and ours.steps and ours.steps[0].kind == "self":
            asked = {ours.steps[0].name}
        if "*" not in names and asked.isdisjoint(names):
            return False
    return True


def is_far(row: Row) -> bool:
    """Whether a reference leads to another document, so that many may lead to one instance."""
    return any(isinstance(arm.expression, Join) for arm in row.every_arm())


_search = functools.lru_cache(maxsize=None)(Search)
