# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rest: what no row of any settings table takes, by which a document survives whole.

The deepest elements come first: what is theirs, the elements above them do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

from . import tree
from .ground import Document
from .left import Left, verbatim
from .mark import Marks, keep, remove
from .table import Entry, Table
from .tree import Element

Rests = dict[str, list[Optional[str]]]  # by table, in the order of its entries
Read = tuple[Table, str, list[Element]]  # with the kind that it reads and its elements
NOWHERE = -100  # deeper than any element
Settings = Callable[[Document], Sequence[Table]]  # the settings tables of a document


def rests(tables: Sequence[Table], document: Document) -> Rests:
    """The UnmappedXML of every entry of the settings tables; None where nothing is left.

    Of several tables that stand for the whole document each has a rest of its own.
    """
    read = [(table, table.kind_of(document) or "", table.nodes(document)) for table in tables]
    read.sort(key=_depth)
    first = next((at for at, each in enumerate(read) if _depth(each) == -1), len(read))
    found = _rests(read[:first + 1])
    for each in read[first + 1:]:
        found.update(_rests([*read[:first], each]))
    return found


def _rests(read: Sequence[Read]) -> Rests:
    found: Rests = {}
    marks: Marks = {}
    for table, kind, nodes in read:
        usual = table.roots[kind][0].last if nodes else ""
        found[table.name] = [
            _text(node, table.shape(node, kind).left(node, marks), node.tag != usual)
            for node in nodes]
        for node in nodes:
            remove(marks, node)
            if table.identity.counted:
                keep(marks, node, table.identity.counted)
    return found


def _depth(read: Read) -> int:
    """What makes the tables of the deepest elements the first."""
    table, kind, nodes = read
    return -len(table.roots[kind][0]) if nodes else NOWHERE


def _text(node: Element, left: Left, named: bool) -> Optional[str]:
    """What is left of an element as text; at least its name if `named`."""
    if isinstance(left, str):
        return left
    if left is None and (named or not tree.empty(node)):
        return verbatim(node)
    return f"<{node.tag}/>" if named else None


def rest_of(settings: Settings, table: Table, entry: Entry, document: Document) -> Optional[str]:
    """The UnmappedXML of one entry."""
    return rests_of(settings, table, document)[table.nodes(document).index(entry.node)]


def rests_of(settings: Settings, table: Table, document: Document) -> list[Optional[str]]:
    """The UnmappedXML of every entry of a table; that of all settings is found together."""
    found: Optional[Rests] = document.cache.get("rests")
    if found is None:
        found = document.cache["rests"] = rests(settings(document), document)
    return found[table.name]
