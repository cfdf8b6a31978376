# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the references of an association lead from a node."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any, Optional

from .cim import Path
from .expression import HERE, Defined, Join, Location
from .ground import ROOTS, Document, Known
from .lens import at
from .outside import Search, behind
from .row import Row
from .table import Entry, Table
from .tree import Element

CONFIGURATION = "DomainConfigXML"


def targets(schema: Any, row: Row, node: Element, document: Document, kind: str) -> list[Path]:
    """The paths that a reference has at a node: those of the first arm that fits it."""
    ref = row.declared.reference_class or ""
    for arm in row.arms(kind):
        if arm.fits(node.tag, dict(node.attrib)):
            found = list(_targets(schema, ref, arm.expression, node, document))
            if found:
                return found
    return []


def _targets(
    schema: Any, ref: str, found: Any, node: Element, document: Document
) -> Iterator[Path]:
    if isinstance(found, Defined):
        yield from _defined(schema, ref, node, document)
    elif isinstance(found, Join):
        expansions = schema.expansions(ref, found.document, found.path)
        for other_node, other in _search(found, expansions).nodes(node, document):
            target = at(other_node, behind(found))
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
        if schema.is_a(class_name, row.declared.reference_class or ""):
            yield row


def near(
    table: Table, row: Row, document: Document, entry: Entry
) -> Iterator[tuple[Element, Document]]:
    """The nodes of an association from which a reference may lead to an entry of a document."""
    here = [arm.expression for arm in row.every_arm()] == [HERE]
    for other in _documents(table, row, document, entry):
        if table.kind_of(other):
            for node in table.expanded(other)[0]:
                if not here or node is entry.origin or node is entry.node:
                    yield node, other


def _documents(
    table: Table, row: Row, document: Document, entry: Entry
) -> Iterator[Document]:
    """A path leads within the document, defined() to the same guest's; a join from elsewhere."""
    joins = {kind: [arm.expression for arm in row.arms(kind) if isinstance(arm.expression, Join)
                    and arm.expression.document in document.kinds] for kind in table.kinds}
    kinds = [kind for kind, found in joins.items() if found]
    if kinds:
        own = [document] if table.kind_of(document) not in (None, *kinds) else []
        every = list(dict.fromkeys(each for kind in kinds for each in joins[kind]))
        return itertools.chain(own, _backwards(kinds, every, document, entry))
    expressions = [arm.expression for arm in row.every_arm()]
    if any(isinstance(each, Defined) for each in expressions):
        name = document.root.findtext("name") or ""
        return document.source.every(table.kinds, {"/domain/name": name}, ())
    return iter([document])


def _backwards(
    kinds: list[str], joins: list[Join], document: Document, entry: Entry
) -> Iterator[Document]:
    """The documents from which joins can lead to an entry: each by what it must say."""
    found = [_search(join).backwards(entry.node, entry.origin, document) for join in joins]
    ways = [known for known in found if known is not None]
    if {} in ways:
        ways = [{}]
    seen: list[Element] = []
    for known in ways:
        for other in document.source.every(_saying(kinds, known), known, ()):
            if other.root not in seen:
                yield other
            if len(ways) > 1:
                seen.append(other.root)


def _saying(kinds: list[str], known: Known) -> list[str]:
    """The kinds of documents in which such texts can stand."""
    roots = {place.split("/")[1] for place in known}
    return [kind for kind in kinds if roots <= {ROOTS[kind]}]


_search = functools.lru_cache(maxsize=None)(Search)
