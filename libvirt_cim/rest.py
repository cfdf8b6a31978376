# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rest: what no row of any settings table takes, by which a document survives whole.

A scratch copy of the document is emptied: every instance takes what its rows would write again,
the elements that are instances are taken out, and what is left of each is its UnmappedXML.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Optional

from . import tree
from .ground import Document
from .table import Entry, Table
from .tree import Element

Rests = dict[str, list[Optional[str]]]  # by table, in the order of its entries


def rests(tables: Sequence[Table], document: Document) -> Rests:
    """The UnmappedXML of every entry of the settings tables; None where nothing is left."""
    return apart(tables, Document(document.kinds, copy.deepcopy(document.root)))


def apart(tables: Sequence[Table], document: Document) -> Rests:
    """The same for a document that nobody reads any more: it is taken apart."""
    found: Rests = {}
    deepest = sorted(tables, key=lambda table: -_depth(table, document))
    nodes = {table.name: table.nodes(document) for table in deepest}
    for table in deepest:
        kind = table.kind_of(document) or ""
        for node in nodes[table.name]:
            table.shape(node, kind).take(node)
        usual = next((root[-1] for root in table.roots.get(kind, ())), "")
        found[table.name] = [_detached(node, node.tag != usual) for node in nodes[table.name]]
    return found


def _depth(table: Table, document: Document) -> int:
    kind = table.kind_of(document)
    return len(table.roots[kind][0]) if kind else 0


def _detached(node: Element, named: bool) -> Optional[str]:
    """What is left of an element, which leaves the document; at least its name if `named`."""
    parent = node.getparent()
    if parent is not None:
        tree.remove(node)
        if tree.empty(parent) and parent.getparent() is not None:
            tree.remove(parent)
    return tree.text_of(node) if named or not tree.empty(node) else None


def rest_of(tables: Sequence[Table], table: Table, entry: Entry,
            document: Document) -> Optional[str]:
    """The UnmappedXML of one entry."""
    found: dict[str, dict[Element, Optional[str]]] = document.once(
        "rests", lambda: _by_node(tables, document))
    return found[table.name][entry.node]


def _by_node(
    tables: Sequence[Table], document: Document
) -> dict[str, dict[Element, Optional[str]]]:
    found = rests(tables, document)
    return {table.name: dict(zip((entry.node for entry in table.entries(document)),
                                 found[table.name])) for table in tables}
