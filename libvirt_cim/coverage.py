# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much of libvirt's documents the tables map: leaves that rows read, leaves left to the rest.

A leaf is an attribute, a text, or an element with nothing in it. Knows documents and instances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml import etree

from . import tree
from .cim import Instance, find
from .convert import to_cim
from .expression import Location
from .ground import LIBVIRT
from .row import Row
from .schema import Schema
from .shortpath import schema_of
from .table import REST, Table
from .tree import Element
from .whole import carries


class Leaf(NamedTuple):
    """A path from the root, and how often it is mapped by a row, and how often it is not."""

    path: str
    mapped: int
    rest: int


def coverage(documents: Iterable[tuple[str, bytes]]) -> list[Leaf]:
    """The leaves of libvirt's documents, each given by name and text, by path."""
    total: Counter[str] = Counter()
    rest: Counter[str] = Counter()
    for name, text in documents:
        root = tree.parse(text, name)
        here = Counter(leaves(root, f"/{_name(root)}"))
        left = Counter(_unmapped(to_cim(text, name=name)))
        total += here
        rest += here & left  # an element emptied but kept for its place is no leaf of the document
    return [Leaf(path, number - rest[path], rest[path]) for path, number in sorted(total.items())]


def leaves(element: Element, path: str) -> Iterator[str]:
    """The paths of an element's leaves."""
    for name in element.attrib:
        yield f"{path}/@{_local(element, name)}"
    children = [child for child in element if isinstance(child.tag, str)]
    if (element.text or "").strip() or not (children or element.attrib):
        yield path
    for child in children:
        yield from leaves(child, f"{path}/{_name(child)}")


def _name(element: Element) -> str:
    name = etree.QName(element).localname
    return f"{element.prefix}:{name}" if element.prefix else name


def _local(element: Element, name: str) -> str:
    found = etree.QName(name)
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    prefix = prefixes.get(found.namespace or "")
    return f"{prefix}:{found.localname}" if prefix else found.localname


def _unmapped(instances: Iterable[Instance]) -> Iterator[str]:
    """The leaves in the UnmappedXML of settings and of what is embedded in them.

    Of several classes that stand for the whole document the first is asked.
    """
    for number, instance in enumerate(instances):
        schema = schema_of(instance.class_name)
        table = schema.tables[instance.class_name]
        root = next((table.roots[kind][0] for kind in LIBVIRT if kind in table.roots), None)
        if carries(table) and root and (number == 0 or len(root) > 1):
            yield from _left(schema, table, instance, root)


def _left(schema: Schema, table: Table, instance: Instance, path: tuple[str, ...]) -> Iterator[str]:
    text = find(instance.properties, REST)
    if text is not None:
        root = etree.fromstring(text)
        path = (*path[:-1], _name(root))
        yield from leaves(root, "/" + "/".join(path))
    for name, value in instance.properties.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Instance):
                part = schema.part(each.class_name).table
                yield from _left(schema, part, each, _below(path, table.rows[name]))


def _below(path: tuple[str, ...], row: Row) -> tuple[str, ...]:
    """The path of the element that an embedded instance stands for."""
    found = row.every_arm()[0].expression
    for step in found.steps if isinstance(found, Location) else ():
        path = path[:-1] if step.kind == "parent" else (*path, step.name)
    return path
