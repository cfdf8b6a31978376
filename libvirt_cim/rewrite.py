# SPDX-License-Identifier: LGPL-2.1-or-later
"""An instance of a document changed in place: its rows, and its rest when another one is sent.

Works on the document it is given; whoever calls keeps a copy for the case that it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional

from . import tree
from .cim import Value, find, invalid
from .ground import Document
from .rest import rest_of
from .table import REST, Entry, Table
from .tree import Element
from .write import build, modify, without_rest

Others = list[tuple[Table, Element, dict[str, Value], Optional[int]]]  # the last as Table.place


def change(settings: Sequence[Table], table: Table, entry: Entry, document: Document,
           sent: Mapping[str, Value]) -> None:
    """Make an instance of a document say what is sent; what is not sent keeps its value.

    `settings` are all tables of settings. Another UnmappedXML replaces the present one.
    """
    values = without_rest(sent)
    text = find(sent, REST)
    rest = None if text is None else started(table, text, document)
    if rest is None or _is_present(rest, rest_of(lambda _: settings, table, entry, document)):
        modify(table, entry.node, document, values)
    else:
        if rest.tag != entry.node.tag:
            raise invalid(f"{table.name}.{REST}: begins with <{rest.tag}>, not <{entry.node.tag}>")
        if table.is_root:
            refuse_claimed(settings, table, Document(document.kinds, rest))
        modify(table, entry.node, document, values)  # a new type drops what the old rest had
        document.forget()
        present = _said(table, entry.node, document)
        others = _others(settings, table, document)
        _replace(entry.node, rest)
        _put_back(others, document)
        build(table, entry.node, document, present)
        modify(table, entry.node, document, values)
    document.forget()


def _said(table: Table, node: Element, document: Document) -> dict[str, Value]:
    """What an element says through the rows that own a leaf of it."""
    shape = table.shape(node, table.kind_of(document) or "")
    return {name: value for name, value in table.read(node, document).items()
            if shape.owners.get(name) == name and shape.lenses[name].writable}


def _is_present(rest: Element, text: Optional[str]) -> bool:
    present = rest.makeelement(rest.tag) if text is None else tree.parse(text)
    return tree.same(rest, present)


def started(table: Table, text: Value, document: Document) -> Element:
    """The element that an UnmappedXML starts, which must be one that the table stands for."""
    where = f"{table.name}.{REST}"
    if not isinstance(text, str):
        raise invalid(f"{where}: is not a string")
    element = tree.parse(text, where)
    tag = table.root_of(document, element.tag)[-1]
    if element.tag != tag and (tag != "*" or element.tag in table.elsewhere):
        raise invalid(f"{where}: begins with <{element.tag}>, not <{tag}>")
    return element


def refuse_claimed(settings: Sequence[Table], system: Table, document: Document) -> None:
    """The rest of a whole document holds no element that other settings stand for."""
    for table in settings:
        for node in table.nodes(document) if table is not system else ():
            shell = node.tag == table.identity.counted and tree.empty(node)
            if node is not document.root and not shell:
                raise invalid(f"{system.name}.{REST}: <{node.tag}> belongs to {table.name}")
    document.forget()


def _others(settings: Sequence[Table], table: Table, document: Document) -> Others:
    """What other settings have below an element, and what they say, in document order."""
    if not table.is_root:
        return []
    found = [(other, each.node, _said(other, each.node, document),
              other.identity.number(each.path.keys))
             for other in settings if other is not table for each in other.entries(document)
             if each.node is not document.root]
    return sorted(found, key=lambda each: each[-1] or 0)


def _replace(node: Element, new: Element) -> None:
    """Give an element the attributes, text and children of another."""
    tail = node.tail
    node.clear()
    node.tail, node.text = tail, new.text
    node.attrib.update(new.attrib)
    node.extend(list(new))


def _put_back(others: Others, document: Document) -> None:
    """Put the elements of other settings where they belong, with what they say outside of them."""
    document.forget()
    for table, node, _, number in others:
        table.place(node, document, number)
    for table, node, values, _ in others:
        build(table, node, document, values)
