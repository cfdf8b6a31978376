# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the references of an association lead from a node."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Optional

from .cim import Path
from .expression import HERE, Defined, Join, Location
from .ground import Document
from .lens import at
from .outside import Search
from .row import Row
from .table import Table
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
        for other_node, other in Search(found).nodes(node, document):
            yield from schema.paths_at(ref, other, other_node)
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
    table: Table, row: Row, document: Document, origin: Element
) -> Iterator[tuple[Element, Document]]:
    """The nodes of an association from which a reference may lead to an element of a document."""
    here = [arm.expression for arm in row.every_arm()] == [HERE]
    for other in _documents(table, row, document):
        if table.kind_of(other):
            for node in table.nodes(other):
                if not here or node is origin:
                    yield node, other


def _documents(table: Table, row: Row, document: Document) -> Iterator[Document]:
    """A path leads within the document, defined() to the same guest's; a join from anywhere."""
    expressions = [arm.expression for arm in row.every_arm()]
    if any(isinstance(each, Join) and each.document in document.kinds for each in expressions):
        return document.source.every(table.kinds, {}, ())
    if any(isinstance(each, Defined) for each in expressions):
        name = document.root.findtext("name") or ""
        return document.source.every(table.kinds, {"/domain/name": name}, ())
    return iter([document])
