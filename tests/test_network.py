# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtual switches: nothing of libvirt's network documents is lost, and rows are written."""

from __future__ import annotations

import os
from pathlib import Path as File
from typing import Any

import corpus
import pytest
from lxml import etree

from libvirt_cim import tree
from libvirt_cim.ground import Document
from libvirt_cim.query import Query
from libvirt_cim.schema import load
from libvirt_cim.shelf import Shelf
from libvirt_cim.write import build, modify, without_rest

SOURCE = File(os.environ.get("LIBVIRT_SOURCE", "/nonexistent"))
GRAMMAR = File("/usr/share/libvirt/schemas/network.rng")
ROWS = File(__file__).parent / "rows" / "NetworkXML.xml"
SETTINGS = "Virt_VirtualEthernetSwitchSettingData"
KIND = "NetworkXML"
TABLE = load().tables[SETTINGS]


def networks() -> list[bytes]:
    """libvirt's own documents of networks."""
    found = [each.read_bytes() for each in sorted(SOURCE.rglob("networkxml2*/*.xml"))]
    if not found:
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    return [each for each in found if _root(each).tag == "network"]


def _root(data: bytes) -> Any:
    try:
        return corpus.plain(data)
    except etree.XMLSyntaxError:  # a few are parts of documents
        return etree.Element("none")


def settings(data: bytes) -> Any:
    """The settings of a network with their rest."""
    query = Query(load(), Shelf([Document((KIND,), corpus.plain(data))]))
    (found,) = query.enumerate(SETTINGS)
    (rest,) = query.enumerate(SETTINGS, frozenset({"UnmappedXML"}))
    found.properties.update(rest.properties)
    return found


def again(instance: Any) -> str:
    """The document made of settings."""
    text = instance.get("UnmappedXML")
    root = etree.Element("network") if text is None else tree.parse(text)
    build(TABLE, root, Document((KIND,), root), without_rest(instance.properties))
    return etree.tostring(root, encoding="unicode")


@pytest.mark.corpus
def test_nothing_is_lost() -> None:
    found = networks()
    assert len(found) > 100
    for data in found:
        assert not corpus.differ(again(settings(data)), data), data.decode()


def test_nothing_of_all_rows_is_lost() -> None:
    assert not corpus.differ(again(settings(ROWS.read_bytes())), ROWS.read_bytes())


def test_every_row_is_written() -> None:
    """Each value by itself to a new network, and removed again."""
    blanks = etree.XMLParser(remove_blank_text=True)
    values = settings(etree.tostring(etree.fromstring(ROWS.read_bytes(), blanks))).properties
    shape = TABLE.shape(etree.Element("network"), KIND)
    rows = [name for name, lens in shape.lenses.items() if lens.writable]
    assert len(rows) > 25
    for name in rows:
        root = etree.fromstring("<network><name>new</name></network>")
        document = Document((KIND,), root)
        build(TABLE, root, document, {name: values[name]})
        assert TABLE.read(root, document)[name] == values[name]
        modify(TABLE, root, document, {name: None})
        assert TABLE.read(root, document).get(name) is None


@pytest.mark.skipif(not GRAMMAR.exists(), reason=f"no RELAX NG in {GRAMMAR.parent}")
def test_what_was_made_is_a_network() -> None:
    grammar = etree.RelaxNG(etree.parse(str(GRAMMAR)))
    assert grammar.validate(etree.fromstring(again(settings(ROWS.read_bytes()))))


def test_a_switch_says_its_mode() -> None:
    modes = {"nat": 2, "route": 2, "open": 2, "bridge": 2, "vepa": 3, "passthrough": 4,
             "hostdev": 4, "private": 1}
    for mode, found in modes.items():
        data = f"<network><name>n</name><forward mode='{mode}'/></network>".encode()
        assert settings(data)["EVBMode"] == found
    assert settings(b"<network><name>n</name></network>").get("EVBMode") is None


def test_a_port_is_where_libvirt_says_a_network() -> None:
    """A running guest's interface may have the type of what its network forwards through."""
    file = ROWS.parent / "DomainXML-network.xml"
    documents = [Document(("DomainXML",), corpus.plain(file.read_bytes())),
                 Document((KIND,), corpus.plain(ROWS.read_bytes()))]
    query = Query(load(), Shelf(documents))
    ports = list(query.enumerate("CIM_EthernetPort"))
    assert [(each["SystemName"], each["Name"], each["BridgeName"]) for each in ports] \
        == [("rows", "vnet0", "virbr9"), ("rows", "vnet1", "br0")]
    assert [each.path and each.path.keys["GroupComponent"].keys["Name"]
            for each in query.enumerate("Virt_SwitchSystemDevice")] == ["rows", "rows"]
