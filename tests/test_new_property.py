# SPDX-License-Identifier: LGPL-2.1-or-later
"""A property added to a table is everywhere at once, with no line of Python."""

from __future__ import annotations

import pytest

from libvirt_cim import adapter, document, mof, published, resource, tree
from libvirt_cim.cim import Class
from libvirt_cim.explain import explain
from libvirt_cim.ground import Document
from libvirt_cim.rest import rest_of
from libvirt_cim.schema import Schema
from libvirt_cim.write import build, modify

DISK = "KVM_DiskResourceAllocationSettingData"
ROW = '   [MappingStrings { "driver/@io" }] string DriverIO;\n'


@pytest.fixture(scope="module")
def schema() -> Schema:
    """The package's tables, with one row more."""
    declarations = []
    for name, text in resource.texts("mappings"):
        if name.endswith("disk.mof"):
            text = text.replace("   [MappingStrings { \"driver/@cache\" }]",
                                ROW + "   [MappingStrings { \"driver/@cache\" }]")
            assert ROW in text
        declarations += mof.read(text, name)
    return Schema(declarations, "KVM")


@pytest.fixture
def guest() -> Document:
    """The example guest web1, whose first disk has <driver io='native'/>."""
    root = tree.parse(resource.text("xml/example/kvm-web.xml").encode())
    return Document(("DomainConfigXML", "DomainXML"), root)


def test_it_is_read_and_no_longer_unmapped(schema: Schema, guest: Document) -> None:
    table = schema.tables[DISK]
    entry = table.entries(guest)[0]
    assert table.instance(entry, guest)["DriverIO"] == "native"
    rest = rest_of(schema.settings_at, table, entry, guest)
    assert rest is not None and "native" not in rest


def test_it_is_written(schema: Schema, guest: Document) -> None:
    table = schema.tables[DISK]
    node = table.entries(guest)[0].node
    modify(table, node, guest, {"DriverIO": "threads"})
    assert node.find("driver").get("io") == "threads"
    new = node.makeelement("disk")
    build(table, new, guest, {"DriverIO": "io_uring"})
    assert tree.text_of(new) == '<disk><driver io="io_uring"/></disk>'


def test_it_is_shown(schema: Schema) -> None:
    class_: Class = next(each for each in published.classes(schema) if each.name == DISK)
    text = adapter.mof.class_(class_)
    assert '"DomainConfigXML.libvirt|driver/@io"' in text and "string DriverIO;" in text
    page = explain(schema, DISK)
    assert any(row[0][0] == "DriverIO" and row[2][0] == "driver/@io" for row in page.rows)
    assert "DriverIO" in dict(document.pages(schema))["domain-disk"]
