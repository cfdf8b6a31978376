# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rest: what no row of any settings table takes, by which a document survives whole.

A scratch copy of the document is emptied: every instance takes what its rows would write again,
the elements that are instances are taken out, and what is left of each is its UnmappedXML.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Optional

from . import tree
from .cim import Value
from .ground import Document
from .table import Entry, Table
from .tree import Element

Values = list[dict[str, Value]]  # what was read of a table's entries, in their order
Rests = dict[str, list[Optional[str]]]  # by table, in the order of its entries


def rests(tables: Sequence[Table], document: Document,
          values: Optional[Mapping[str, Values]] = None) -> Rests:
    """The UnmappedXML of every entry of the settings tables; None where nothing is left."""
    scratch = Document(document.kinds, copy.deepcopy(document.root))
    found: Rests = {}
    deepest = sorted(tables, key=lambda table: -_depth(table, document))
    nodes = {table.name: table.nodes(scratch) for table in deepest}
    for table in deepest:
        entries = table.entries(document)
        read = values[table.name] if values else [
            table.read(entry.node, document) for entry in entries
        ]
        kind = table.kind_of(document) or ""
        for node, names in zip(nodes[table.name], read):
            table.shape(node, kind).take(node, names)
        found[table.name] = [_detached(table, node) for node in nodes[table.name]]
    return found


def _depth(table: Table, document: Document) -> int:
    kind = table.kind_of(document)
    return len(table.roots[kind][0]) if kind else 0


def _detached(table: Table, node: Element) -> Optional[str]:
    """What is left of an element, which leaves the scratch document."""
    parent = node.getparent()
    if parent is not None:
        tree.remove(node)
        if tree.empty(parent) and parent.getparent() is not None:
            tree.remove(parent)
    general = any(root[-1] == "*" for roots in table.roots.values() for root in roots)
    if tree.empty(node) and not general:
        return None
    return tree.text_of(node)


def rest_of(tables: Sequence[Table], table: Table, entry: Entry,
            document: Document) -> Optional[str]:
    """The UnmappedXML of one entry."""
    all_rests: Rests = document.once("rests", lambda: rests(tables, document))
    position = next(number for number, each in enumerate(table.entries(document))
                    if each.node is entry.node)
    return all_rests[table.name][position]
