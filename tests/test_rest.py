# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in UnmappedXML, and no more: the texts that writing the rows would not give back."""

from __future__ import annotations

from typing import Any, Optional

import corpus
import pytest
from lxml import etree

from libvirt_cim import convert, schema
from libvirt_cim.cim import Error
from libvirt_cim.ground import Document
from libvirt_cim.rest import rests
from libvirt_cim.rewrite import change
from libvirt_cim.write import build

SYSTEM, MEMORY, PROCESSOR, DISK, NET, OTHER = (
    f"Virt_{name}SettingData" for name in (
        "VirtualSystem", "MemResourceAllocation", "ProcResourceAllocation",
        "DiskResourceAllocation", "NetResourceAllocation", "OtherResourceAllocation")
)
# A part of a guest's document, the class it is seen through, and what no row takes of it.
CASES: list[tuple[str, str, Optional[str]]] = [
    ("<title>t</title>", SYSTEM, None),
    ("<title/>", SYSTEM, None),
    ("<title>a<!-- x --> <!-- y -->b</title>", SYSTEM, None),
    ("<title><![CDATA[<&>]]> </title>", SYSTEM, None),
    ("<new a='1'/>", SYSTEM, "<domain><new a='1'/></domain>"),
    ("<title>a</title><title>b</title>", SYSTEM, "<domain><title/><title>b</title></domain>"),
    ("<title x='1'>a</title>", SYSTEM, "<domain><title x='1'/></domain>"),
    ("<os><type arch='a'>hvm</type><boot dev='hd'/></os>", SYSTEM, None),
    ("<os><type>hvm</type><bios x='1'/></os>", SYSTEM, "<domain><os><bios x='1'/></os></domain>"),
    ("<os><boot dev='hd'/><boot/></os>", SYSTEM,
     "<domain><os><boot dev='hd'/><boot/></os></domain>"),
    ("<os><boot dev='hd' x='1'/><boot dev='fd'/></os>", SYSTEM,
     "<domain><os><boot x='1'/></os></domain>"),
    ("<os><boot dev='hd'/><boot dev='fd' x='1'/></os>", SYSTEM,
     "<domain><os><boot/><boot x='1'/></os></domain>"),
    ("<features><acpi/></features>", SYSTEM, None),
    ("<features><pae/><hap/></features>", SYSTEM, "<domain><features><hap/></features></domain>"),
    ("<features><acpi x='1'/></features>", SYSTEM,
     "<domain><features><acpi x='1'/></features></domain>"),
    ("<clock offset='utc'/>", SYSTEM, None),
    ("<clock offset='timezone'/>", SYSTEM, "<domain><clock offset='timezone'/></domain>"),
    ("<clock offset='new'/>", SYSTEM, "<domain><clock offset='new'/></domain>"),
    ("<on_crash>new</on_crash>", SYSTEM, None),
    ("<metadata><a> x </a><!-- y --></metadata>", SYSTEM,
     "<domain><metadata><a> x </a><!-- y --></metadata></domain>"),
    ("<memory unit='KiB'>4</memory>", MEMORY, None),
    ("<memory>4</memory>", MEMORY, "<memory>4</memory>"),
    ("<memory unit='MiB'>4</memory>", MEMORY, "<memory unit='MiB'>4</memory>"),
    ("<memory unit='KiB'>007</memory>", MEMORY, "<memory unit='KiB'>007</memory>"),
    ("<memory unit='KiB' dumpCore='maybe'>4</memory>", MEMORY, "<memory dumpCore='maybe'/>"),
    ("<currentMemory unit='KiB'>4</currentMemory>", SYSTEM,
     "<domain><currentMemory unit='KiB'>4</currentMemory></domain>"),
    ("<memory/><currentMemory unit='KiB'>4</currentMemory>", SYSTEM, None),
    ("<vcpu>4</vcpu><cputune><shares>2</shares></cputune>", SYSTEM, None),
    ("<vcpu>4</vcpu><cputune><quota>2</quota></cputune>", SYSTEM,
     "<domain><cputune><quota>2</quota></cputune></domain>"),
    ("<vcpu current='2'> 4 </vcpu>", PROCESSOR, "<vcpu current='2'> 4 </vcpu>"),
    ("<devices/>", SYSTEM, "<domain><devices/></domain>"),
    ("<devices><emulator>e</emulator><disk/></devices>", SYSTEM, None),
    ("<devices><disk/></devices>", DISK, None),
    ("<devices><disk device='disk'/></devices>", DISK, None),
    ("<devices><disk device='new'/></devices>", DISK, "<disk device='new'/>"),
    ("<devices><disk><source file='/f'/></disk></devices>", DISK, None),
    ("<devices><disk type='file'><source file='/f'/></disk></devices>", DISK, None),
    ("<devices><disk type='block'><source file='/f' dev='/d'/></disk></devices>", DISK,
     "<disk><source file='/f'/></disk>"),
    ("<devices><disk type='volume'><source pool='p' volume='v'/></disk></devices>", DISK, None),
    ("<devices><disk type='volume'><source pool='p/q' volume='v'/></disk></devices>", DISK,
     "<disk><source pool='p/q' volume='v'/></disk>"),
    ("<devices><disk type='volume'><source pool='p'/></disk></devices>", DISK,
     "<disk><source pool='p'/></disk>"),
    ("<devices><disk><alias name='a'/><boot order='1'/><address type='pci'/></disk></devices>",
     DISK, "<disk><address type='pci'/></disk>"),
    ("<devices><interface type='direct'><source dev='e' mode='m'/></interface></devices>", NET,
     None),
    ("<devices><hub/></devices>", OTHER, "<hub/>"),
    ("<devices><hub><![CDATA[]]></hub></devices>", OTHER, "<hub/>"),
    ("<devices><hub><alias name='a'/></hub></devices>", OTHER, "<hub/>"),
]


def same(one: Optional[str], other: Optional[str]) -> bool:
    """Whether two rests are the same but for the order of attributes."""
    def plain(text: Optional[str]) -> Any:
        return text and etree.tostring(etree.fromstring(text), method="c14n").strip()

    return bool(plain(one) == plain(other))


@pytest.mark.parametrize(("part", "class_name", "rest"), CASES)
def test_rest(part: str, class_name: str, rest: Optional[str]) -> None:
    xml = f"<domain><name>g</name>{part}</domain>"
    found = convert.to_cim(xml, "Virt")
    each = next(each for each in found if each.class_name == class_name)
    assert same(each.get("UnmappedXML"), rest)
    assert not corpus.differ(convert.to_xml(found), xml)


@pytest.mark.parametrize(("text", "what"), [
    ("<vcpu/>", "begins with <vcpu>, not <domain>"), ("", "Document is empty"),
    ("<domain><vcpu/></domain>", "<vcpu> belongs to"),
    ("<domain><devices><disk/></devices></domain>", "<disk> belongs to"),
    ("<domain><devices><input/></devices></domain>", "<input> belongs to"),
    ("<domain>", "Premature end of data"), (5, "is not a string"),
    ("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain>&a;</domain>", "a document type declaration"),
])
def test_rest_of_a_guest_refused(text: Any, what: str) -> None:
    found = convert.to_cim("<domain><name>g</name></domain>", "Virt")
    found[0].properties["UnmappedXML"] = text
    with pytest.raises(Error, match=rf"^{SYSTEM}.UnmappedXML: ?[^\n]*{what}[^\n]*$|^{SYSTEM}"
                                    rf".UnmappedXML:1: {what}[^\n]*$"):
        convert.to_xml(found)


def test_address_in_another_rest() -> None:
    """names() and values() are read only: the address is changed in the rest."""
    table = schema.load().tables[DISK]
    root = etree.fromstring("<domain><name>g</name><devices><disk><address a='1'/></disk>"
                            "</devices></domain>")
    document = Document(("DomainConfigXML",), root)
    settings = schema.load().settings_at(document)
    for text, values in (("<disk><address b='2'/></disk>", ["2"]), ("<disk/>", None)):
        change(settings, table, table.entries(document)[0], document, {"UnmappedXML": text})
        node = table.entries(document)[0].node
        assert table.read(node, document).get("AddressValues") == values
    assert rests(settings, document)[DISK] == [None]


def test_new_element_refuses_what_has_no_place() -> None:
    """Of a new element too nothing is dropped; a value of another document is no request."""
    table = schema.load().tables[DISK]

    def made(**sent: Any) -> bytes:
        element = etree.Element("disk")
        build(table, element, Document(("DomainConfigXML",), element), sent)
        return etree.tostring(element)

    with pytest.raises(Error, match=f"^{DISK}.Address: has no place in this <disk>$"):
        made(DiskType="nvme", Address="/x")
    with pytest.raises(Error, match=f"^{DISK}.AddressValues: is read only$"):
        made(AddressValues=["pci"])
    assert made(DiskType=None, shareable=None, BusType=None) == b"<disk/>"
    assert made(Address="/x", PoolID="DiskPool/p", VirtualQuantity=5) == \
        b'<disk><source file="/x"/></disk>'
