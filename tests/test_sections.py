# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which sections of a document rows read: who has only those reads what the whole one says."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Optional

import pytest
from enumerated import answering_lab
from lxml import etree
from test_allocation import CAPABILITIES, POOL_TYPES

from libvirt_cim import resource
from libvirt_cim.cim import Instance, Property, Qualifier
from libvirt_cim.ground import ROOTS, Document
from libvirt_cim.hypervisor.node import Node
from libvirt_cim.plan import sections
from libvirt_cim.request import Request
from libvirt_cim.row import compile_row, sections_read
from libvirt_cim.schema import load
from libvirt_cim.table import Names, Table
from libvirt_cim.tree import Element

EXAMPLES = dict(resource.texts("xml/example"))
GUESTS = ("DomainConfigXML", "DomainXML")
NOTHING: Names = frozenset()
POOL, DISK = ("pool",), ("domain", "devices", "disk")


@functools.cache
def tables(prefix: str) -> list[Table]:
    """The tables of a hypervisor that have instances of their own."""
    return [each for each in load(prefix).below("CIM_ManagedElement") if not each.association]


def asked(table: Table) -> Iterator[Names]:
    """No rows, each alone, and all."""
    yield from (None, NOTHING)
    yield from (frozenset([name]) for name in table.names - {"UnmappedXML"})


def trimmed(parent: Element, wanted: Iterable[str]) -> Optional[Element]:
    """A copy of an element with those sections alone; None if it has none."""
    here, below = etree.Element(parent.tag, nsmap=parent.nsmap), dict[str, list[str]]()
    for first, _, rest in (each.partition("/") for each in wanted):
        if first[0] == "@" and parent.get(first[1:]) is not None:
            here.set(first[1:], parent.get(first[1:]))
        below.setdefault(first, []).append(rest)
    for child in parent:
        rests = below.get(child.tag)
        if rests is not None:
            copied = etree.fromstring(etree.tostring(child)) if "" in rests else trimmed(
                child, rests)
            here.extend([] if copied is None else [copied])
    return here if len(here) or here.attrib else None


def read(table: Table, kinds: tuple[str, ...], root: Optional[Element], wanted: Names
         ) -> list[Instance]:
    """The instances in a document."""
    return [] if root is None else table.instances(Document(kinds, root), wanted)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("kind", GUESTS)
def test_a_guest_without_the_other_sections(name: str, kind: str) -> None:
    root = etree.fromstring(EXAMPLES[name].encode(), etree.XMLParser(remove_comments=True))
    some = 0
    for table in tables("Virt"):
        for wanted in asked(table) if kind in table.kinds else ():
            found = sections((table,), (kind,), wanted)
            if found:
                whole = read(table, (kind,), root, wanted)
                assert read(table, (kind,), trimmed(root, found), wanted) == whole, (
                    table.name, wanted, found)
                some += bool(whole)
    assert some > 100


@pytest.mark.parametrize("kind", [each for each in ROOTS if each not in ("JobInfo", "ServerXML")])
def test_a_source_that_is_asked_for_sections(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Node, "domain_capabilities", lambda self: etree.fromstring(CAPABILITIES))
    monkeypatch.setattr(Node, "pool_capabilities", lambda self: etree.fromstring(POOL_TYPES))
    connection = answering_lab(monkeypatch).connection
    for table in tables("Virt"):
        for wanted in (None, NOTHING) if kind in table.kinds else ():
            some, whole = [
                [each for document in Request(connection).documents(kind, {}, asked_for)
                 for each in table.instances(document, wanted)]
                for asked_for in (sections((table,), (kind,), wanted), ())]
            assert some == whole, (table.name, wanted)


@pytest.mark.parametrize("text, root, expected", [
    ("@type", POOL, {"@type"}), ("target/path", POOL, {"target"}), (".", POOL, None),
    ("self::pool[@type='dir']/target/path", POOL, {"@type", "target"}),
    ("boolean(source)", POOL, {"source"}), ("*/path", POOL, None), ("rest()", POOL, None),
    ("{/pool/name}/{target/path}", POOL, {"name", "target"}), ("/pool", POOL, None),
    ("NetworkXML.libvirt|/network[name={source/name}]/uuid", POOL, {"source"}),
    ("class(Virt_ComputerSystem)", POOL, set()), ("Python.libvirt|caption", POOL, None),
    (".", DISK, {"devices/disk"}), ("source/@file", DISK, {"devices/disk"}),
    ("../emulator", DISK, {"devices"}), ("{/domain/name}/{target/@dev}", DISK,
                                         {"name", "devices/disk"}),
    ("/domain/os/type", DISK, {"os"}), ("count(preceding-sibling::disk)", DISK, None),
])
def test_what_an_expression_reads(
    text: str, root: tuple[str, ...], expected: Optional[set[str]]
) -> None:
    row = compile_row(Property("P", "string", qualifiers={
        "MappingStrings": Qualifier("MappingStrings", [text])}), "",
                      ["DomainXML", "PoolXML"])
    arm, = row.arms("PoolXML")
    assert sections_read(arm, root) == expected
