# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the references of an association lead from a node."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from .cim import Path
from .expression import HERE, Call, Defined, Join, Location
from .ground import ROOTS, Document, Known
from .lens import at
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


def near(
    table: Table, row: Row, document: Document, entry: Entry
) -> Iterator[tuple[Element, Document]]:
    """The nodes of an association from which a reference may lead to an entry of a document."""
    here = [arm.expression for arm in row.every_arm()] == [HERE]
    within = list(_within(table, row, document))
    for other in within:
        for node in table.expanded(other)[0]:
            if not here or node is entry.origin or node is entry.node:
                yield node, other
    for other in _backwards(table, row, document, entry):
        if any(other.root is each.root for each in within):
            continue
        joins = _joins(row, table.kind_of(other) or "", document)
        for node in table.expanded(other)[0]:
            if any(_begins(join, [node.tag], document, entry) for join in joins):
                yield node, other


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


def _backwards(
    table: Table, row: Row, document: Document, entry: Entry
) -> Iterator[Document]:
    """The documents from which joins can lead to an entry: each by what it must say."""
    ways = [(kind, known) for kind in table.kinds for join in _joins(row, kind, document)
            for known in [_known(table, join, kind, document, entry)] if known is not None]
    whole = {kind for kind, known in ways if not known}
    ways = [(kind, known) for kind, known in ways if not known or kind not in whole]
    some: list[Known] = []
    for _, known in ways:
        if known not in some:
            some.append(known)
    seen: list[Element] = []
    for known in some:
        kinds = tuple(dict.fromkeys(kind for kind, each in ways if each == known))
        for other in document.source.every(kinds, known, ()):
            if other.root not in seen:
                yield other
            if len(some) > 1:
                seen.append(other.root)


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
