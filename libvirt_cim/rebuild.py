# SPDX-License-Identifier: LGPL-2.1-or-later
"""A document built of its instances: its root, what else says something of it, what is below.

Which instances these are is whole.py's.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from lxml import etree

from . import resource, tree
from .cim import Instance, Value, find, invalid
from .ground import ROOTS, Document
from .rewrite import started
from .schema import load
from .table import REST, Table
from .tree import Element
from .whole import Part, Placed, at_root, carriers, keys_of, naming, own_name, without_name
from .write import build, fitting, without_rest


class Built(NamedTuple):
    """An instance, its element, and what that said when it was written."""

    table: Table
    instance: Instance
    element: Element
    said: Mapping[str, Value]


def rebuilt(kind: str, parts: Sequence[Part]) -> Element:
    """The root of the document that there are parts of, in libvirt's own order."""
    document = Document((kind,), etree.Element(ROOTS[kind]))
    roots = [part for part in parts if at_root(part[0], kind)]
    roots.sort(key=lambda part: not part[0].is_root)
    below = sorted((part for part in parts if not at_root(part[0], kind)), key=_number)
    built: list[Built] = []
    for table, instance in (*roots, *below):
        with Placed(instance):
            element = _element(table, instance, document, new=not built)
            build(table, element, document, without_rest(instance.properties))
            if not built:
                _refuse_nameless(document.root, table, kind)
            built.append(Built(table, instance, element, table.read(element, document)))
    document.forget()
    _refuse_claimed(document, built)
    _refuse_contradictions(document, built, len(roots))
    _sort(document.root)
    return document.root


def _number(part: Part) -> int:
    """Which of the elements that keys count an instance is in; those without a number go last."""
    table, instance = part
    number = table.identity.number(keys_of(table, instance)) if table.identity.counted else 0
    return sys.maxsize if number is None else number


def _element(table: Table, instance: Instance, document: Document, new: bool) -> Element:
    """The element of an instance, in its place; the first instance has the rest of the root."""
    if new:
        document.root = _start(table, instance, document)
    if at_root(table, document.kinds[0]):
        return document.root
    number = table.identity.number(keys_of(table, instance)) if table.identity.counted else None
    element = _start(table, instance, document, number)
    table.place(element, document, number)
    return element


def _start(table: Table, instance: Instance, document: Document,
           number: Optional[int] = None) -> Element:
    """The element that an instance starts from: its rest, or an empty one."""
    text = find(instance.properties, REST)
    if text is not None:
        return started(table, text, document)
    tag = fitting(table, document, without_rest(instance.properties), number)
    if tag == "*":
        raise invalid(f"{table.name}.{REST}: is needed, it names the element")
    return etree.Element(tag)


def _refuse_nameless(root: Element, table: Table, kind: str) -> None:
    missing = without_name(root, table, kind)
    if missing:
        name = naming(table, kind).get(own_name(table, kind), REST)
        raise invalid(f"{table.name}.{name}: {missing}")


def _refuse_claimed(document: Document, built: Sequence[Built]) -> None:
    """What is left of the root has no element that other instances stand for, and each has one."""
    first, elements = built[0], {each.element for each in built}
    found = {node: table for table in carriers(load(first.table.maker.prefix), document)
             for node in table.nodes(document)}
    for node, table in found.items():
        if node not in elements:
            with Placed(first.instance):
                raise invalid(f"{first.table.name}.{REST}: <{node.tag}> belongs to {table.name}")
    for each in built:
        if each.element not in found:
            with Placed(each.instance):
                raise invalid(f"{each.table.name}: another instance has the place of its "
                              f"<{each.element.tag}>")


def _refuse_contradictions(document: Document, built: Sequence[Built], roots: int) -> None:
    """What is said of the root, or of an element that several are in, holds after all."""
    shared = [each for each in built if each.table.identity.counted]
    for each in (*(built[:roots] if roots > 1 else ()), *shared):
        now = each.table.read(each.element, document)
        shape = each.table.shape(each.element, document.kinds[0])
        for name, value in each.said.items():
            if name in shape.lenses and now.get(name) != value:
                with Placed(each.instance):
                    raise invalid(f"{each.table.name}.{name}: {value!r} contradicts another "
                                  f"instance, which says {now.get(name)!r}")


@functools.cache
def _orders(tag: str) -> Sequence[tuple[str, Mapping[str, int]]]:
    """The paths in a document whose children libvirt has in an order of its own."""
    skeleton = tree.parse(resource.text(f"xml/skeleton/{tag}.xml").encode())
    whole = skeleton.getroottree()
    return [(whole.getelementpath(each), {name: at for at, name in enumerate(tree.tags(each))})
            for each in skeleton.iter(etree.Element) if len(each)]


def _sort(root: Element) -> None:
    """Children in libvirt's own order."""
    for path, order in _orders(root.tag):
        for element in root.iterfind(path):
            tree.sort(element, order)
