# SPDX-License-Identifier: LGPL-2.1-or-later
"""An instance changed in its document: the rest sent, not sent, replaced, and refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from libvirt_cim import resource, tree
from libvirt_cim.cim import Error
from libvirt_cim.ground import Document
from libvirt_cim.rest import rest_of
from libvirt_cim.rewrite import change
from libvirt_cim.schema import Schema, load
from libvirt_cim.table import Entry, Table

SYSTEM = "KVM_VirtualSystemSettingData"
DISK = "KVM_DiskResourceAllocationSettingData"
PROCESSORS = "KVM_ProcResourceAllocationSettingData"
OTHER = "KVM_OtherResourceAllocationSettingData"


class Guest:
    """The example guest web1, and one of its settings."""

    def __init__(self, class_name: str) -> None:
        self.schema: Schema = load("KVM")
        root = tree.parse(resource.text("xml/example/kvm-web.xml").encode())
        self.document = Document(("DomainConfigXML", "DomainXML"), root)
        self.table: Table = self.schema.tables[class_name]
        self.entry: Entry = self.table.entries(self.document)[0]
        self.original = copy.deepcopy(root)

    @property
    def rest(self) -> str:
        """Its UnmappedXML."""
        text = rest_of(self.schema.settings_at, self.table, self.entry, self.document)
        assert text is not None
        return text

    def change(self, **sent: Any) -> None:
        """Change it by what is sent."""
        change(self.schema.settings_at(self.document), self.table, self.entry, self.document, sent)

    def unchanged(self) -> bool:
        """Whether the document says what it said."""
        return tree.same(self.document.root, self.original)


@pytest.mark.parametrize("class_name", [SYSTEM, DISK, PROCESSORS, OTHER])
def test_rest_sent_as_it_is(class_name: str) -> None:
    """It changes nothing, to the letter."""
    guest = Guest(class_name)
    before = tree.text_of(guest.document.root)
    guest.change(UnmappedXML=guest.rest)
    assert tree.text_of(guest.document.root) == before


def test_another_rest_of_a_system() -> None:
    """It replaces the present one; rows and everything of other settings stay."""
    guest = Guest(SYSTEM)
    text = guest.rest.replace("</domain>", "<on_lockfailure>pause</on_lockfailure></domain>")
    guest.change(UnmappedXML=text, Title="new")
    root = guest.document.root
    added = root.find("on_lockfailure")
    assert added.text == "pause" and root.findtext("title") == "new"
    root.remove(added)
    root.find("title").text = guest.original.findtext("title")
    assert guest.unchanged()


def test_an_empty_rest_of_a_system() -> None:
    """Only what rows say is left, and all that other settings say, outside their elements too."""
    guest = Guest(SYSTEM)
    guest.change(UnmappedXML="<domain/>")
    root = guest.document.root
    assert root.find("metadata") is None and root.find("blkiotune") is None
    assert root.findtext("cputune/shares") == guest.original.findtext("cputune/shares")
    assert root.findtext("uuid") == guest.original.findtext("uuid")
    for tag in ("disk", "interface", "rng"):
        assert len(root.findall(f"devices/{tag}")) == len(guest.original.findall(f"devices/{tag}"))


def test_another_rest_of_a_device() -> None:
    """What the rows of the device say stays."""
    guest = Guest(DISK)
    guest.change(UnmappedXML="<disk><serial>S1</serial></disk>", VirtualDevice="vdx")
    disk = guest.document.root.find("devices/disk")
    assert disk.findtext("serial") == "S1"
    assert disk.find("iotune") is None
    assert disk.find("target").attrib == {"dev": "vdx", "bus": "virtio"}
    assert disk.find("source").get("file") == "/var/lib/libvirt/images/web1.qcow2"


def test_another_rest_with_another_type() -> None:
    """The new type drops what the old one had, and nothing of the new rest."""
    guest = Guest(DISK)
    guest.change(UnmappedXML="<disk><source startupPolicy='requisite'/></disk>",
                 DiskType="block", Address="/dev/vg/web1")
    disk = guest.document.root.find("devices/disk")
    assert disk.get("type") == "block" and disk.find("driver").get("io") is None
    assert disk.find("source").attrib == {"startupPolicy": "requisite", "dev": "/dev/vg/web1"}


def test_a_row_that_another_rest_has_and_is_sent_as_null() -> None:
    """NULL removes it."""
    guest = Guest(DISK)
    guest.change(UnmappedXML="<disk><source file='/f' startupPolicy='requisite'/></disk>",
                 Address=None)
    source = guest.document.root.find("devices/disk/source")
    assert source.attrib == {"startupPolicy": "requisite"}


@pytest.mark.parametrize("class_name, rest, message", [
    (DISK, "<interface/>", "begins with <interface>, not <disk>"),
    (OTHER, "<disk/>", "begins with <disk>, not <*>"),
    (OTHER, "<rng/>", "begins with <rng>, not <tpm>"),
    (SYSTEM, "<domain><vcpu>2</vcpu></domain>", f"<vcpu> belongs to {PROCESSORS}"),
    (SYSTEM, "<domain><devices><disk/></devices></domain>", f"<disk> belongs to {DISK}"),
    (SYSTEM, "<domain><devices><rng/></devices></domain>", f"<rng> belongs to {OTHER}"),
    (DISK, "<disk>", "Premature end of data in tag disk line 1"),
    (DISK, "<!DOCTYPE disk><disk/>", "a document type declaration is not accepted"),
])
def test_a_rest_that_is_refused(class_name: str, rest: str, message: str) -> None:
    """The message names the property, and the document is as it was."""
    guest = Guest(class_name)
    with pytest.raises(Error) as caught:
        guest.change(UnmappedXML=rest)
    assert caught.value.text.startswith(f"{class_name}.UnmappedXML:")
    assert message in caught.value.text and "\n" not in caught.value.text
    assert guest.unchanged()


FILTER = """<filter name='f'><rule action='accept' direction='in'><tcp/><tcp comment='c'/></rule>
<rule action='drop' direction='in'/><rule action='drop' direction='in'><mac/></rule></filter>"""


def changed(class_name: str, kind: str, text: str, rest: str) -> str:
    """A document whose root gets another rest, without indentation."""
    schema, document = load("KVM"), Document((kind,), tree.parse(text))
    table = schema.tables[class_name]
    change(schema.settings_at(document), table, table.entries(document)[0], document,
           {"UnmappedXML": rest})
    return "".join(tree.text_of(document.root).split("\n"))


@pytest.mark.parametrize("rest, where", [
    ("<filter><filterref filter='g'/></filter>", 0),
    ("<filter><rule/><filterref filter='g'/><rule/><rule/></filter>", 1),
    ("<filter><rule/><rule/><rule/><filterref filter='g'/></filter>", 3),
])
def test_rules_keep_their_order_in_another_rest(rest: str, where: int) -> None:
    parts = ['<rule action="accept" direction="in"><tcp/><tcp comment="c"/></rule>',
             '<rule action="drop" direction="in"/>',
             '<rule action="drop" direction="in"><mac/></rule>']
    parts.insert(where, '<filterref filter="g"/>')
    assert changed("KVM_FilterList", "FilterXML", FILTER, rest) == \
        f'<filter name="f">{"".join(parts)}</filter>'


def test_another_rest_of_what_two_classes_stand_for() -> None:
    text = "<network><name>n</name><bridge name='b'/><mtu size='9'/></network>"
    assert changed("KVM_NetPoolResourceAllocationSettingData", "NetworkXML", text,
                   "<network><mtu size='1'/></network>") == \
        '<network><mtu size="1"/><name>n</name></network>'


def test_a_rest_that_has_a_rule_of_its_own_is_refused() -> None:
    with pytest.raises(Error, match="UnmappedXML: <tcp> belongs to KVM_IPHeadersFilter$"):
        changed("KVM_FilterList", "FilterXML", FILTER, "<filter><rule><tcp/></rule></filter>")
