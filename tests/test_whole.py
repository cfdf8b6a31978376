# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that are no guest's: pools, networks, filters, … to CIM and back, alone and together.

That nothing is lost is told by lxml and libvirt's grammars; of guests test_corpus.py tells it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import corpus
import pytest
import xpath
from damage import damaged
from lxml import etree
from rng import SCHEMAS
from test_corpus import FORMATS

from libvirt_cim import convert, schema
from libvirt_cim.cim import Error, Instance
from libvirt_cim.ground import LIBVIRT, ROOTS, Document
from libvirt_cim.rest import rests
from libvirt_cim.row import Row
from libvirt_cim.table import Table
from libvirt_cim.whole import carriers, kinds_of
from libvirt_cim.write import build, modify

# The element at a document's root, and what libvirt's grammar of it is called.
GRAMMARS = {"pool": "storagepool", "volume": "storagevol", "network": "network",
            "filter": "nwfilter", "domainsnapshot": "domainsnapshot",
            "domaincheckpoint": "domaincheckpoint"}
UNREAD = ("capabilities", "domainCapabilities", "storagepoolCapabilities", "device", "interface")
MADE_UP = "libvirt makes up a name where there is none; without one there is no key"
# Documents of libvirt's that are refused: what is said behind the place, and why that is right.
REFUSED = {"<domaincheckpoint> has no <name>": MADE_UP, "<domainsnapshot> has no <name>": MADE_UP,
           "<pool> has no <name>": MADE_UP}
# And damaged ones, by what is said.
DAMAGED = ("has no ", "has text between elements", "<rule> has another <rule>")
MAC, UUID = "52:54:00:aa:00:01", "00000000-0000-4000-8000-000000000001"
LISTED = ("rule", "filterref")  # in a filter these have one order
ROWS = Path(__file__).parent / "rows"  # a document that says all that a row reads


@functools.cache
def documents(tag: str) -> dict[str, bytes]:
    """libvirt's own documents of a kind, or the test is skipped."""
    found = corpus.rooted().get(tag, {})
    if not found:
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    return found


def refused(data: bytes) -> str:
    """What is wrong with a document that is not converted, without its place; or nothing."""
    try:
        convert.to_cim(data)
    except Error as error:
        return str(error).partition(": ")[2]
    return ""


def same(one: str | bytes, other: str | bytes) -> bool:
    """Whether documents say the same, and rules and references have one order."""
    listed = [[corpus.meaning(each) for each in corpus.plain(text) if each.tag in LISTED]
              for text in (one, other)]
    return not corpus.differ(one, other) and listed[0] == listed[1]


@functools.cache
def grammar(tag: str) -> etree.RelaxNG:
    """libvirt's grammar of a kind of document."""
    return etree.RelaxNG(etree.parse(SCHEMAS / f"{GRAMMARS[tag]}.rng"))


# libvirt's own

def test_what_is_read() -> None:
    tags = {tag for tag in LIBVIRT.values() if kinds_of(tag, schema.load())}
    assert tags == {"domain", *GRAMMARS}
    assert not tags & set(UNREAD) and set(UNREAD) <= set(LIBVIRT.values())


@pytest.mark.corpus
@pytest.mark.parametrize("tag", GRAMMARS)
def test_every_document_comes_back(tag: str) -> None:
    """And what libvirt's grammar takes stays so."""
    lost, spoilt, seen = [], [], 0
    for name, data in documents(tag).items():
        if refused(data):
            assert refused(data) in REFUSED, name
            continue
        back = convert.to_xml(convert.to_cim(data, associations=True))
        seen += 1
        if not same(data, back):
            lost.append(name)
        if SCHEMAS.exists() and grammar(tag).validate(etree.fromstring(data)) and not grammar(
                tag).validate(etree.fromstring(back)):
            spoilt.append(name)
    assert (lost, spoilt) == ([], []) and seen >= 10


@pytest.mark.corpus
def test_refusals_are_needed() -> None:
    found = {refused(data) for tag in GRAMMARS for data in documents(tag).values()} - {""}
    assert found == set(REFUSED)


@pytest.mark.corpus
@pytest.mark.parametrize("through", FORMATS, ids=lambda each: str(each.__name__))
def test_every_format_comes_back(through: Callable[[list[Instance]], list[Instance]]) -> None:
    for tag in GRAMMARS:
        for name, data in list(documents(tag).items())[FORMATS.index(through)::3]:
            if not refused(data):
                assert same(data, convert.to_xml(through(convert.to_cim(data)))), name


@pytest.mark.corpus
@pytest.mark.parametrize("tag", GRAMMARS)
def test_damaged_documents_come_back_or_are_refused(tag: str) -> None:
    accepted = 0
    for name, data in documents(tag).items():
        for number in range(10 if corpus.FULL else 3):
            bad = damaged(data, f"{name} {number}")
            what = refused(bad)
            assert not what or any(each in what for each in DAMAGED), (what, bad)
            if not what:
                accepted += 1
                assert same(bad, convert.to_xml(convert.to_cim(bad))), bad
    assert accepted > len(documents(tag))


@pytest.mark.corpus
@pytest.mark.parametrize("tag", UNREAD)
def test_what_no_table_reads_is_refused(tag: str) -> None:
    for data in documents(tag).values():
        assert refused(data) == f"<{tag}> is not a document with a table"


@pytest.mark.corpus
@pytest.mark.parametrize("tag", ["network", "pool"])
def test_libvirt_sees_no_difference(tag: str) -> None:
    """Original and rebuilt, both defined in the test driver, are the same to it."""
    libvirt = pytest.importorskip("libvirt")
    libvirt.registerErrorHandler(lambda context, error: None, None)
    host = libvirt.open("test:///default")
    define = host.networkDefineXML if tag == "network" else host.storagePoolDefineXML

    def described(xml: str) -> Optional[str]:
        root: Any = etree.fromstring(xml)
        root.find("name").text = "new"  # one is called as what the host has
        for name in ("uuid", "mac"):  # what libvirt makes up where it is missing
            if root.find(name) is None:
                etree.SubElement(root, name, {"address": MAC} if name == "mac" else {}).text = (
                    UUID if name == "uuid" else None)
        try:
            found = define(etree.tostring(root, encoding="unicode"))
        except libvirt.libvirtError:
            return None
        text = str(found.XMLDesc(0))
        found.undefine()
        return text

    accepted = 0
    for name, data in documents(tag).items():
        if not refused(data):
            original = described(data.decode())
            accepted += original is not None
            assert described(convert.to_xml(convert.to_cim(data))) == original, name
    assert accepted > 0.9 * len(documents(tag))


# the laws, for tables on these documents

def standing() -> Iterator[tuple[Table, Document]]:
    """Every table of which documents can be made again, with the documents that it is on."""
    texts = [data for tag in GRAMMARS for data in corpus.rooted().get(tag, {}).values()]
    for data in [*(file.read_bytes() for file in sorted(ROWS.glob("*XML*.xml"))), *texts]:
        root = corpus.plain(data)
        if root.tag in GRAMMARS:
            document = Document(kinds_of(root.tag, schema.load()), root)
            for table in carriers(schema.load(), document):
                yield table, document


def test_rows_read_what_xpath_finds() -> None:
    compared, found = 0, set()
    for table, document in standing():
        for row, due, read in xpath.compared(table, document, table.kind_of(document) or ""):
            compared += 1
            if due is not None:
                found.add(f"{table.name}.{row.name}")
            assert read == due, f"{table.name}.{row.name}"
    assert compared > 500 and len(found) > 80


def test_get_put() -> None:
    for table, document in standing():
        before = etree.tostring(document.root)
        for entry in table.entries(document):
            modify(table, entry.node, document, table.instance(entry, document).properties)
        assert etree.tostring(document.root) == before, table.name


# Why a value that is read may not be written alone to a new element.
NOT_ALONE = ("has no counterpart in libvirt", "has no place in this", "reads None")
READ_ONLY = re.compile(r"rest\(\)|Python\.|count\(|\.libvirt\|/|\{local-name\(\)\}")


def writable(row: Row) -> bool:
    """Whether a row is one that libvirt's document has a place for, by its mapping strings."""
    texts = row.declared.qualifier("MappingStrings") or ()
    return not row.declared.qualifier("Key") and not all(map(READ_ONLY.search, texts))


def fresh(table: Table, node: Any) -> tuple[Any, Document]:
    """A new element of the same name in an otherwise empty document."""
    kind = next(kind for kind in LIBVIRT if kind in table.kinds)
    document = Document((kind,), etree.Element(ROOTS[kind]))
    if node.getparent() is None:
        return document.root, document
    element = etree.Element(node.tag)
    table.place(element, document, 0)
    return element, document


def test_every_row_is_written() -> None:
    """A value that a row has somewhere, written to a new element by this row alone."""
    rows: set[str] = set()
    done: set[str] = set()
    for table, document in standing():
        rows |= {f"{table.name}.{row.name}" for row in table.rows.values() if writable(row)}
        for node in table.nodes(document):
            for name, value in table.read(node, document).items():
                if f"{table.name}.{name}" not in done:
                    element, made = fresh(table, node)
                    try:
                        build(table, element, made, {name: value})
                    except Error as error:
                        assert any(each in str(error) for each in NOT_ALONE), str(error)
                    if table.read(element, made).get(name) == value:
                        done.add(f"{table.name}.{name}")
    assert sorted(rows - done) == []


def test_each_class_has_a_rest_of_its_own() -> None:
    """Two stand for a network; what one takes the other has in its rest."""
    for _, document in standing():
        settings = carriers(schema.load(), document)
        together = rests(settings, document)
        for table in settings if document.root.tag == "network" else ():
            assert rests([table], document)[table.name] == together[table.name]

