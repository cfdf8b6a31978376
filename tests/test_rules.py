# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of writing on the package's own tables: owners and aliases, defaults, lists, keys.

What is refused is refused with one line that begins with class.property.
"""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from writing import KINDS

from libvirt_cim import convert, schema
from libvirt_cim.cim import Error, Instance, Path, Status
from libvirt_cim.ground import Document
from libvirt_cim.write import modify

DISK = "Virt_DiskResourceAllocationSettingData"
NET = "Virt_NetResourceAllocationSettingData"
MEMORY = "Virt_MemResourceAllocationSettingData"
PROCESSOR = "Virt_ProcResourceAllocationSettingData"
SYSTEM = "Virt_VirtualSystemSettingData"
GUEST = """<domain type="test"><name>g</name><title>t</title><memory unit="MiB">4</memory>
<currentMemory>2048</currentMemory><vcpu current="2">4</vcpu>
<os><type arch="x86_64">hvm</type><boot dev="hd"/><boot dev="cdrom"/><boot dev="network"/></os>
<features><acpi/><pae x="1"/></features><on_crash>destroy</on_crash><devices>
<disk type="volume"><source pool="p" volume="v" startupPolicy="optional"/><target dev="vda"/></disk>
<disk><source file="/f"><seclabel/></source><target dev="vdb"/></disk>
<interface type="direct"><mac address="m"/><source dev="e0" mode="vepa"/></interface>
</devices></domain>"""
PLACE = {DISK: "devices/disk", NET: "devices/interface", MEMORY: "memory", PROCESSOR: "vcpu",
         SYSTEM: "."}


class Guest:
    """A guest of its own, and one element of a table in it."""

    def __init__(self, class_name: str, number: int = 0, kind: str = "DomainConfigXML") -> None:
        self.table = schema.load().tables[class_name]
        self.document = Document((kind,), etree.fromstring(GUEST))
        self.node = self.document.root.findall(PLACE[class_name])[number]

    def put(self, **sent: Any) -> None:
        """Write some properties."""
        modify(self.table, self.node, self.document, sent)

    def read(self, name: str) -> Any:
        """Read one."""
        return self.table.read(self.node, self.document).get(name)

    def text(self, path: str) -> Any:
        """The first thing at an XPath, as a text, or None."""
        found = self.document.root.xpath(path)
        return None if not found else found[0] if isinstance(found[0], str) else found[0].text


# owners and aliases: ElementName and VirtualSystemIdentifier, Reservation and VirtualQuantity

def test_alias_alone_writes() -> None:
    guest = Guest(MEMORY)
    guest.put(Reservation=1024)
    assert (guest.read("VirtualQuantity"), guest.text("currentMemory")) == (1024, "1024")


def test_alias_as_it_was_read_is_not_a_write() -> None:
    guest = Guest(MEMORY)
    guest.put(VirtualQuantity=1024, Reservation=2048)
    assert guest.read("Reservation") == 1024


def test_owner_as_it_was_read_lets_the_alias_write() -> None:
    guest = Guest(MEMORY)
    guest.put(VirtualQuantity=2048, Reservation=1024)
    assert guest.read("VirtualQuantity") == 1024


def test_alias_with_the_meaning_of_its_owner() -> None:
    guest = Guest(SYSTEM)
    guest.put(OnCrash="coredump-restart", AutomaticRecoveryAction=3)
    assert guest.text("on_crash") == "coredump-restart"


@pytest.mark.parametrize(("class_name", "sent"), [
    (MEMORY, {"VirtualQuantity": 1, "Reservation": 3}),
    (SYSTEM, {"VirtualSystemIdentifier": "a", "ElementName": "b"}),
    (SYSTEM, {"OnCrash": "restart", "AutomaticRecoveryAction": None}),
    (SYSTEM, {"OSType": "hvm2", "IsFullVirt": False}),
    (DISK, {"Address": "a/b", "PoolID": "DiskPool/c"}),
])
def test_alias_in_contradiction_to_its_owner(class_name: str, sent: dict[str, Any]) -> None:
    owner, alias = sent
    with pytest.raises(Error) as error:
        Guest(class_name).put(**sent)
    assert str(error.value).startswith(f"{class_name}.{alias}: ")
    assert f"{class_name}.{owner}" in str(error.value)


def test_alias_of_a_template() -> None:
    guest = Guest(DISK)
    guest.put(PoolID="DiskPool/q")
    assert guest.read("Address") == "q/v"


def test_token_that_already_means_it_is_kept() -> None:
    guest = Guest(SYSTEM)
    guest.put(AutomaticRecoveryAction=2, IsFullVirt=True)
    assert (guest.text("on_crash"), guest.text("os/type")) == ("destroy", "hvm")
    guest.put(AutomaticRecoveryAction=3, IsFullVirt=False)
    assert (guest.text("on_crash"), guest.text("os/type")) == ("restart", "xen")


# discriminators

def test_default_made_explicit_changes_nothing_else() -> None:
    guest = Guest(DISK, 1)
    guest.put(DiskType="file")
    assert (guest.read("Address"), guest.text("devices/disk[2]/source/seclabel/..")) == ("/f", None)
    guest.put(DiskType=None)
    assert (guest.read("Address"), guest.read("DiskType")) == ("/f", None)


def test_discriminator_takes_all_it_selects() -> None:
    guest = Guest(DISK)
    guest.put(DiskType="block")
    assert not guest.document.root.findall("devices/disk[1]/source")
    guest.put(DiskType="file", Address="/new")
    assert etree.tostring(guest.node.find("source")) == b'<source file="/new"/>'


def test_address_as_read_moves_to_the_new_arm() -> None:
    """Whoever reads all, changes the type and writes all back keeps the address."""
    guest = Guest(DISK, 1)
    guest.put(**{**guest.table.read(guest.node, guest.document), "DiskType": "block"})
    assert guest.text("devices/disk[2]/source/@dev") == "/f"
    assert not guest.document.root.findall("devices/disk[2]/source/seclabel")


def test_row_that_only_another_type_has() -> None:
    for new in ({"NetworkType": "bridge", "NetworkMode": "private"},
                {"NetworkType": "user", "NetworkName": "x"}):
        with pytest.raises(Error, match=f"^{NET}.Network(Mode|Name): has no place in this <int"):
            Guest(NET).put(**new)


def test_value_of_the_old_type_sent_with_the_new_one() -> None:
    """NetworkMode as it was read is no request, though a bridge has none."""
    guest = Guest(NET)
    guest.put(NetworkType="bridge", NetworkName="br0", NetworkMode="vepa", PoolID=None)
    assert etree.tostring(guest.node.find("source")) == b'<source bridge="br0"/>'


# constraints

LUN = """ does not go with: EmulatedType <> 4 OR DiskType LIKE '^(block|network|volume)$'"""


def test_what_does_not_go_together() -> None:
    guest = Guest(DISK)
    guest.put(EmulatedType=4, rawio="yes")  # a volume's LUN
    for sent, said in (({"DiskType": "file"}, "DiskType: 'file'"),
                       ({"DiskType": None, "Address": "/a"}, "DiskType: None")):
        with pytest.raises(Error) as caught:
            guest.put(**sent)
        assert caught.value.text == f"{DISK}.{said}{LUN}"
        assert caught.value.status == Status.INVALID_PARAMETER
    with pytest.raises(Error, match=f"^{DISK}.EmulatedType: 4 does not go with"):
        Guest(DISK, 1).put(EmulatedType=4)
    with pytest.raises(Error, match=f"^{DISK}.rawio: has no place in this <disk>$"):
        Guest(DISK, 1).put(rawio="yes")


def test_what_goes_with_both() -> None:
    guest = Guest(DISK)
    guest.put(EmulatedType=4, rawio="yes", sgio="filtered")
    guest.put(DiskType="block", Address="/dev/a")
    assert dict(guest.node.attrib) == {
        "type": "block", "device": "lun", "rawio": "yes", "sgio": "filtered"}
    guest.put(DiskType="file", EmulatedType=0, Address="/a")
    assert dict(guest.node.attrib) == {"type": "file", "device": "disk"}


def test_what_did_not_go_together_before() -> None:
    """A document is not refused for what it says already, where that is left alone."""
    guest = Guest(DISK, 1)
    guest.node.set("device", "lun")
    guest.put(**guest.table.read(guest.node, guest.document))
    guest.put(DriverCache="none")
    with pytest.raises(Error, match=f"^{DISK}.DiskType: 'dir' does not go with"):
        guest.put(DiskType="dir")
    guest.put(DiskType="block")


def test_interface_without_its_source() -> None:
    for name, value in (("NetworkType", "network"), ("NetworkType", "vdpa"), ("NetworkType", None),
                        ("NetworkName", None)):
        with pytest.raises(Error, match=f"^{NET}.{name}: {value!r} does not go with: "):
            Guest(NET).put(**{name: value})
    Guest(NET).put(NetworkType="vdpa", SourceDevice="/dev/vhost-vdpa-0")
    Guest(NET).put(NetworkType="user")


def test_disk_without_its_hosts() -> None:
    guest = Guest(DISK)
    served = {"DiskType": "network", "SourceProtocol": "iscsi", "Address": "iqn.2001-04.example:0"}
    for hosts in (None, [Instance("Virt_DiskHost", {"Port": 3260})]):
        with pytest.raises(Error, match=f"^{DISK}.[A-Z].* does not go with: SourceHosts") as caught:
            Guest(DISK).put(**served, SourceHosts=hosts)
        assert caught.value.status == Status.INVALID_PARAMETER
    guest.put(**served, SourceHosts=[Instance("Virt_DiskHost", {"Name": "h", "Port": 3260})])
    assert etree.tostring(guest.node.find("source")) == (
        b'<source protocol="iscsi" name="iqn.2001-04.example:0">'
        b'<host name="h" port="3260"/></source>')
    guest.put(SourceProtocol="rbd", SourceHosts=None, Address=None)
    assert etree.tostring(guest.node.find("source")) == b'<source protocol="rbd"/>'


def test_processors_of_a_running_guest() -> None:
    """Where the document says how many of the possible processors there are, that is meant."""
    guest = Guest(PROCESSOR, kind="DomainXML")
    guest.put(VirtualQuantity=3)
    assert etree.tostring(guest.node, with_tail=False) == b'<vcpu current="3">4</vcpu>'
    with pytest.raises(Error, match=f"^{PROCESSOR}.VirtualQuantity: sent None, reads 4$"):
        guest.put(VirtualQuantity=None)


# lists and presence

@pytest.mark.parametrize("devices", [
    ["hd"], ["network"], ["fd", "hd", "cdrom", "network"], None, [], ["hd", "hd"],
])
def test_list_resized(devices: Any) -> None:
    guest = Guest(SYSTEM)
    guest.put(BootDevices=devices)
    assert guest.read("BootDevices") == (devices or None)
    assert [each.get("dev") for each in guest.document.root.iter("boot")] == (devices or [])


def test_presence() -> None:
    guest = Guest(SYSTEM)
    guest.put(EnableAPIC=True, EnableACPI=False, EnablePAE=True)
    assert [each.tag for each in guest.document.root.find("features")] == ["pae", "apic"]
    guest.put(EnableAPIC=False, EnablePAE=False)
    assert guest.document.root.find("features") is None


# what is wrong

BAD = [
    (SYSTEM, {"Title": 5}, Status.TYPE_MISMATCH), (SYSTEM, {"Title": ["x"]}, Status.TYPE_MISMATCH),
    (SYSTEM, {"BootDevices": "hd"}, Status.TYPE_MISMATCH),
    (SYSTEM, {"BootDevices": ["hd", None]}, Status.INVALID_PARAMETER),
    (SYSTEM, {"BootDevices": ["hd", 1]}, Status.TYPE_MISMATCH),
    (SYSTEM, {"Notes": [None]}, Status.INVALID_PARAMETER),
    (SYSTEM, {"EnableACPI": 1}, Status.TYPE_MISMATCH),
    (SYSTEM, {"EnableACPI": "true"}, Status.TYPE_MISMATCH),
    (SYSTEM, {"EnableACPI": None}, Status.INVALID_PARAMETER),
    (SYSTEM, {"ClockOffset": 7}, Status.INVALID_PARAMETER),
    (SYSTEM, {"ClockOffset": True}, Status.TYPE_MISMATCH),
    (SYSTEM, {"ClockOffset": 1.0}, Status.TYPE_MISMATCH),
    (SYSTEM, {"ClockOffset": -1}, Status.INVALID_PARAMETER),
    (SYSTEM, {"ClockOffset": 2**16}, Status.INVALID_PARAMETER),
    (SYSTEM, {"Title": "a\x00b"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"Title": "\ud800"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"Title": "\ufffe"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"Notes": ["ok", "\x1b"]}, Status.INVALID_PARAMETER),
    (SYSTEM, {"Caption": "other"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"NoSuch": 1}, Status.NO_SUCH_PROPERTY),
    (SYSTEM, {"CreationTime": "now"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"SwapFileDataRoot": "/x"}, Status.INVALID_PARAMETER),
    (SYSTEM, {"AutoStart": 1}, Status.INVALID_PARAMETER),
    (SYSTEM, {"VirtualSystemType": "Xen"}, Status.INVALID_PARAMETER),
    (DISK, {"Address": "no-slash"}, Status.INVALID_PARAMETER),
    (DISK, {"PoolID": "p"}, Status.INVALID_PARAMETER),
    (DISK, {"BootOrder": 2**32}, Status.INVALID_PARAMETER),
    (DISK, {"BootOrder": "x"}, Status.TYPE_MISMATCH),
    (DISK, {"AddressValues": ["pci"]}, Status.INVALID_PARAMETER),
    (DISK, {"ResourceType": 16}, Status.INVALID_PARAMETER),
    (DISK, {"Address": Path("A")}, Status.TYPE_MISMATCH),
    (DISK, {"Address": Instance("A")}, Status.TYPE_MISMATCH),
]


@pytest.mark.parametrize(("class_name", "sent", "status"), BAD, ids=lambda each: str(each)[:40])
def test_bad_values(class_name: str, sent: dict[str, Any], status: Status) -> None:
    guest = Guest(class_name)
    with pytest.raises(Error) as error:
        guest.put(Title="new", **sent) if class_name == SYSTEM and "Title" not in sent \
            else guest.put(**sent)
    assert str(error.value).startswith(f"{class_name}.{next(iter(sent))}: ")
    assert "\n" not in str(error.value) and error.value.status == status


def test_property_sent_twice() -> None:
    with pytest.raises(Error, match=f"^{SYSTEM}.Title: is sent twice$"):
        Guest(SYSTEM).put(Title="a", title="a")


def test_names_in_any_case() -> None:
    guest = Guest(SYSTEM)
    guest.put(tITLE="x")
    assert guest.read("Title") == "x"


# keys

def test_keys_used_twice() -> None:
    xml = ("<domain><name>g</name><devices>" + "<disk><target dev='a'/></disk>" * 3
           + "<disk><target dev='a~2'/></disk></devices></domain>")
    found = [each for each in convert.to_cim(xml) if each.class_name == DISK]
    assert [each["InstanceID"] for each in found] == ["g/a", "g/a~2", "g/a~3", "g/a~2~2"]
    table, document = schema.load().tables[DISK], Document(KINDS, etree.fromstring(xml))
    for number, each in enumerate(found):
        entry = table.find(document, each.path) if each.path else None
        assert entry is not None and entry.node is document.root.findall("devices/disk")[number]


@pytest.mark.parametrize(("name", "key"), [
    ("a/b", "a%2Fb/vda"), ("a%2Fb", "a%252Fb/vda"), ("a%b", "a%b/vda"), ("a%2fb", "a%252fb/vda"),
    ("a%25", "a%2525/vda"), ("%", "%/vda"), ("a/active", "a%2Factive/vda"),
])
def test_escaped_names(name: str, key: str) -> None:
    table = schema.load().tables[DISK]
    root = etree.fromstring("<domain><name/><devices><disk/></devices></domain>")
    root[0].text = name
    etree.SubElement(root[1][0], "target", dev="vda")
    path = table.entries(Document(("DomainConfigXML",), root))[0].path
    assert path.keys == {"InstanceID": key}
    assert ("DomainConfigXML", {"/domain/name": name}) in table.identity.known(path.keys)
