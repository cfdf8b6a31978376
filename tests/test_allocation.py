# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may be asked of a host: templates of guests, and the settings and links that they give."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
from calls import counted
from enumerated import Host
from lab import LAB
from lxml import etree
from rng import SCHEMAS

from libvirt_cim import resource, to_cim, to_xml
from libvirt_cim.allocation import templates
from libvirt_cim.cim import Error, Path, Status
from libvirt_cim.convert import documents
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.hypervisor.node import Node
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load

SOURCE = os.environ.get("LIBVIRT_SOURCE", "")
NAMES = ["Default", "Increment", "Maximum", "Minimum", "Point"]
NODE = "<node><memory unit='KiB'>4194304</memory><maxVcpus>16</maxVcpus></node>"
CAPABILITIES = """<domainCapabilities><vcpu max='8'/><devices><disk supported='yes'>
<enum name='diskDevice'><value>disk</value><value>cdrom</value></enum>
<enum name='bus'><value>virtio</value><value>sata</value></enum></disk>
<graphics supported='yes'><enum name='type'><value>vnc</value><value>spice</value></enum>
</graphics></devices></domainCapabilities>"""
POOL_TYPES = """<storagepoolCapabilities><pool type='dir' supported='yes'/>
<pool type='fs' supported='no'/><pool type='rbd' supported='yes'/></storagepoolCapabilities>"""
RASD = "CIM_ResourceAllocationSettingData"
LIMITS = {"Default": (0, 0), "Minimum": (3, 1), "Maximum": (3, 2), "Increment": (3, 3),
          "Point": (3, 0)}  # ValueRole, ValueRange


def made(*texts: str) -> dict[str, Any]:
    """The templates by their names, of a host with those documents."""
    return {root.findtext("name"): root for root in templates(map(etree.fromstring, texts))}


def capabilities() -> Iterator[File]:
    """libvirt's own documents of what hosts and domains can have."""
    if not SOURCE:
        pytest.skip("$LIBVIRT_SOURCE names no folder")
    for folder in ("domaincapsdata", "capabilityschemadata", "vircaps2xmldata"):
        yield from sorted((File(SOURCE) / folder).glob("*.xml"))


# the templates

def test_a_host_that_says_nothing() -> None:
    found = made()
    assert list(found) == NAMES
    assert found["Default"].findtext("vcpu") == found["Minimum"].findtext("vcpu") == "1"
    assert [each.tag for each in found["Maximum"]] == ["name"]
    assert not found["Point"].findall("devices/*")


def test_pools_and_networks_have_templates_of_their_own() -> None:
    found = made("<pool><name>a&amp;b</name></pool>", "<network><name>lab</name></network>")
    assert found["Default"].xpath("devices/disk/source/@pool") == ["0", "a&b"]
    assert found["Default"].xpath("devices/interface/source/@network") == ["0", "lab"]


@pytest.mark.parametrize("host, most", [
    (CAPABILITIES, "8"), ("<domainCapabilities/>", "16"), ("<capabilities/>", "16"),
    ("""<capabilities><host><cpu><arch>x86_64</arch></cpu></host>
        <guest><os_type>hvm</os_type><arch name='i686'><machine maxCpus='2'>pc</machine></arch>
        </guest><guest><os_type>hvm</os_type><arch name='x86_64'>
        <machine maxCpus='255'>pc</machine><machine maxCpus='288'>q35</machine></arch></guest>
        </capabilities>""", "255"),
])
def test_the_most_processors(host: str, most: str) -> None:
    assert [each.text for each in made(NODE, host)["Maximum"].findall("vcpu")] == [most]


@pytest.mark.corpus
def test_libvirts_capabilities() -> None:
    files = list(capabilities())
    assert len(files) > 60
    for file in files:
        text = etree.tostring(etree.parse(str(file)), encoding="unicode")
        root = etree.fromstring(text)
        found = made(NODE, text)
        for name in ("vcpu", "memory", "currentMemory"):
            least, usual, most, step = (
                int(found[each].findtext(name)) for each in
                ("Minimum", "Default", "Maximum", "Increment"))
            assert 0 < least <= usual <= most and 0 < step, file.name
            assert (usual - least) % step == (most - least) % step == 0, file.name
        for vcpu in root.findall("vcpu"):
            assert found["Maximum"].findtext("vcpu") == vcpu.get("max")
        for tag, at, enum in (("disk", "target/@bus", "bus"), ("disk", "@device", "diskDevice"),
                              ("graphics", "@type", "type")):
            expected = root.xpath(
                f"devices/{tag}[@supported='yes']/enum[@name='{enum}']/value/text()")
            assert found["Point"].xpath(f"devices/{tag}/{at}") == expected, file.name


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"no RELAX NG in {SCHEMAS}")
def test_templates_are_guests_but_for_what_they_lack() -> None:
    """The type, the devices' names, and the type of what comes from no pool that has a name."""
    valid = etree.RelaxNG(file=str(SCHEMAS / "domain.rng"))
    found = made(NODE, CAPABILITIES, "<pool><name>p</name></pool>",
                 "<network><name>n</name></network>")
    for root in found.values():
        root.set("type", "test")
        etree.SubElement(etree.SubElement(root, "os"), "type").text = "hvm"
        if root.find("memory") is None:
            etree.SubElement(root, "memory").text = "1"
        for disk in root.iterfind("devices/disk"):
            target = disk.find("target")
            (etree.SubElement(disk, "target") if target is None else target).set("dev", "vda")
            disk.set("type", "volume")
            disk.find("source").set("volume", "v")
        for interface in root.iterfind("devices/interface"):
            interface.set("type", "network")
        for other in (*root.findall("pool"), *root.findall("network")):
            root.remove(other)
        assert valid(root), (valid.error_log, etree.tostring(root))


def test_a_template_reads_no_files() -> None:
    for name, text in resource.texts("xml/template"):
        assert "document(" not in text and "xsl:include" not in text, name


# on a host

@pytest.fixture(params=["driver", "capable"])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Host:
    """The lab as libvirt's test driver has it, and as if it told what its domains can have."""
    if request.param == "capable":
        monkeypatch.setattr(
            Node, "domain_capabilities", lambda self: etree.fromstring(CAPABILITIES))
        monkeypatch.setattr(Node, "pool_capabilities", lambda self: etree.fromstring(POOL_TYPES))
    return Host(Connection(LAB))


def test_every_pool_has_its_capabilities(host: Host) -> None:
    found = {path.keys["InstanceID"] for path in host.of("CIM_AllocationCapabilities")}
    assert found >= {path.keys["InstanceID"] for path in host.of("CIM_ResourcePool")}
    assert {"DiskPool/images", "DiskPool/0", "NetworkPool/lab", "GraphicsPool/0"} <= found
    for path in host.of("CIM_ResourcePool"):
        (link,) = [link for role, link in host.around[path] if role == "ManagedElement"
                   and host.schema.is_a(link.class_name, "CIM_ElementCapabilities")]
        capable: Any = link.keys["Capabilities"]
        assert capable.keys == path.keys
        both = [host.provider.get_instance(each)["ResourceType"] for each in (path, capable)]
        assert both[0] == both[1]
        assert host.provider.get_instance(link)["Characteristics"] == [2]


def test_the_host_has_capabilities_of_its_pools(host: Host) -> None:
    (node,) = host.of("Virt_HostSystem")
    found = host.others(node, "CIM_ElementCapabilities", "ManagedElement", "Capabilities")
    assert {str(path) for path in host.of("CIM_AllocationCapabilities")
            if path.keys["InstanceID"].endswith("/0")} <= set(map(str, found))


def test_settings_say_what_they_are(host: Host) -> None:
    """Each is of one pool, whose name it has, and its id tells what it stands for."""
    of: dict[str, list[str]] = defaultdict(list)
    for path in host.of(RASD):
        for link in [link for role, link in host.around[path] if role == "PartComponent"
                     and link.class_name == "Virt_SettingsDefineCapabilities"]:
            pool, _, name = path.keys["InstanceID"].rpartition("/")
            whole: Any = link.keys["GroupComponent"]
            assert whole.keys["InstanceID"] == pool
            assert host.provider.get_instance(path)["PoolID"] == pool
            said = host.provider.get_instance(link)
            assert (said["ValueRole"], said["ValueRange"]) == LIMITS[name.partition("~")[0]]
            assert said["PropertyPolicy"] == 0
            of[pool].append(name)
    assert set(NAMES) - {"Point"} == set(of["ProcessorPool/0"]) == set(of["MemoryPool/0"])
    assert of["DiskPool/images"] == of["NetworkPool/lab"] == ["Default"]
    assert sorted(of["NetworkPool/0"]) == ["Default", "Point", "Point~2"]
    points = [] if len(of["DiskPool/0"]) == 1 else ["Point", "Point~2", "Point~3", "Point~4"]
    assert sorted(of["DiskPool/0"]) == sorted(["Default", *points, *points[:2]])
    assert of["GraphicsPool/0"] == points[:2]


def value(host: Host, kind: str, name: str, what: str = "VirtualQuantity") -> Any:
    """A property of the settings with an id."""
    return host.provider.get_instance(
        Path(f"Virt_{kind}ResourceAllocationSettingData", {"InstanceID": name})).get(what)


def test_numbers_are_the_hosts(host: Host) -> None:
    node = host.connection.handle.getInfo()
    assert value(host, "Mem", "MemoryPool/0/Maximum") == node[1] * 1024
    told = host.connection.handle.getMaxVcpus(None)
    assert value(host, "Proc", "ProcessorPool/0/Maximum") in (told, 8)
    for kind, pool in (("Mem", "MemoryPool/0"), ("Proc", "ProcessorPool/0")):
        least, usual, most = (value(host, kind, f"{pool}/{each}")
                              for each in ("Minimum", "Default", "Maximum"))
        assert least <= usual <= most


def test_pools_are_of_the_types_that_the_host_tells(host: Host) -> None:
    found = [(value(host, "DiskPool", path.keys["InstanceID"], "ResourceSubType"),
              value(host, "DiskPool", path.keys["InstanceID"], "Type"))
             for path in host.of("Virt_DiskPoolResourceAllocationSettingData")
             if "/Point" in path.keys["InstanceID"]]
    assert found in ([], [("dir", 1), ("rbd", 0)])
    assert [value(host, "NetPool", f"NetworkPool/0/{each}", "ForwardMode")
            for each in ("Point", "Point~2")] == [1, 2]


def test_points_are_what_the_host_tells(host: Host) -> None:
    found = [(host.provider.get_instance(path).get("BusType"), path.keys["InstanceID"])
             for path in host.of("Virt_DiskResourceAllocationSettingData")
             if "DiskPool/0/Point" in path.keys["InstanceID"]]
    assert [each for each, _ in found] in ([], [None, None, "virtio", "sata"])
    if found:
        assert value(host, "Graphics", "GraphicsPool/0/Point", "ResourceSubType") == "vnc"
        assert value(host, "Disk", "DiskPool/0/Point~2", "EmulatedType") == 1
        with pytest.raises(Error, match=r"No such instance \(InstanceID\)"):
            value(host, "Disk", "DiskPool/0/Point~5")


def test_every_path_is_found(host: Host) -> None:
    for path in [*host.of("CIM_AllocationCapabilities"), *host.of(RASD)]:
        assert host.provider.get_instance(path).path == path
        assert sorted(map(str, host.provider.reference_names(path))) == sorted(
            {str(link) for _, link in host.around[path]})


@pytest.mark.parametrize("name", ["vcpu", "MemoryPool", "DiskPool/none", "NetworkPool/", ""])
def test_other_capabilities_are_not_there(host: Host, name: str) -> None:
    with pytest.raises(Error) as error:
        host.provider.get_instance(Path("Virt_AllocationCapabilities", {"InstanceID": name}))
    assert error.value.status == Status.NOT_FOUND


# what it costs, and who may not ask

def provider(connection: Connection) -> Provider:
    return Provider(load(connection.prefix), lambda: Request(connection))


def test_each_call_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(LAB)
    asked = provider(connection)
    assert connection.handle
    calls = counted(monkeypatch)
    for name, more in ((RASD, True), ("CIM_AllocationCapabilities", False),
                       ("CIM_LogicalDevice", False)):
        calls.clear()
        assert list(asked.enumerate_instances(name))
        dear = ("getDomainCapabilities", "getCapabilities", "getMaxVcpus",
                "getStoragePoolCapabilities")
        assert [calls[each] for each in dear] == [int(more)] * 4
    calls.clear()
    asked.get_instance("Virt_DiskResourceAllocationSettingData.InstanceID=\"front1/vda\"")
    assert not [each for each in dear if calls[each]]


@pytest.mark.parametrize("kind, needed", [
    ("Proc", {"getDomainCapabilities", "getCapabilities", "getMaxVcpus"}), ("Mem", {"getInfo"}),
    ("Disk", {"getDomainCapabilities", "listAllStoragePools"}), ("Net", {"listAllNetworks"}),
    ("Graphics", {"getDomainCapabilities"}), ("DiskPool", {"getStoragePoolCapabilities"}),
    ("NetPool", set()),
])
def test_who_wants_some_asks_for_no_more(
    kind: str, needed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the settings of a kind, those that are no guest's: one, and all of them."""
    connection = Connection(LAB)
    asked = provider(connection)
    assert connection.handle
    calls = counted(monkeypatch)
    pool = {"Proc": "Processor", "Mem": "Memory", "Net": "Network", "NetPool": "Network",
            "DiskPool": "Disk"}.get(kind, kind)
    with pytest.raises(Error, match="No such instance"):
        asked.get_instance(f"Virt_{kind}ResourceAllocationSettingData"
                           f".InstanceID=\"{pool}Pool/0/None\"")
    assert calls.keys() - {"lookupByName", "storagePoolLookupByName",
                           "networkLookupByName"} == needed
    calls.clear()
    assert list(asked.enumerate_instances(f"Virt_{kind}ResourceAllocationSettingData"))
    assert calls.keys() >= needed
    dear = {"getDomainCapabilities", "getCapabilities", "getMaxVcpus", "getInfo",
            "getStoragePoolCapabilities"}
    assert calls.keys() & dear == needed & dear
    assert all(calls[each] == 1 for each in needed & dear)


def test_who_may_only_read_is_told_less(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(LAB, read_only=True)
    with pytest.raises(libvirt.libvirtError, match="forbidden"):
        connection.handle.getDomainCapabilities()
    found = {path.keys["InstanceID"] for path in provider(connection).enumerate_instance_names(
        "Virt_ProcResourceAllocationSettingData")}
    assert "ProcessorPool/0/Maximum" in found


# offline

GUEST = """<domain type='test'><name>{}</name><memory unit='KiB'>2048</memory>
<vcpu>1</vcpu><devices><disk type='file'><target dev='{}'/></disk></devices></domain>"""


@pytest.mark.parametrize("name, device", [("web1", "vda"), ("DiskPool", "0/Default")])
def test_templates_are_no_part_of_a_guest(name: str, device: str) -> None:
    """Among the settings of a guest they are ignored; a guest may look like one of them.

    Those of a network that is there are a document of their own.
    """
    settings = to_cim(GUEST.format(name, device))
    host = Host(Connection(LAB))
    others = [host.provider.get_instance(path) for path in host.of(RASD)
              if path.keys["InstanceID"].startswith(("MemoryPool", "NetworkPool"))]
    assert len(others) == 11
    found = {whole.tag: text for whole, text in documents([*settings, *others])}
    assert found.pop("domain") == to_xml(settings) and set(found) == {"network"}
    assert f"dev=\"{device}\"" in to_xml(settings)
