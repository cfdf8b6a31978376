# SPDX-License-Identifier: LGPL-2.1-or-later
"""Metrics: a value for each number that the catalog knows, of the element that it was measured of.

On documents as libvirt's statistics give them; no libvirt.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
from lxml import etree

from libvirt_cim.cim import Error, Instance, Path
from libvirt_cim.ground import Document
from libvirt_cim.hypervisor.document import node, stats
from libvirt_cim.query import Query
from libvirt_cim.schema import load
from libvirt_cim.shelf import Shelf

CATALOG = etree.parse(str(File(__file__).parent.parent / "xml" / "catalog" / "metric.xml"))
GUEST = """<domain type='kvm'><name>{}</name><memory>2048</memory><vcpu>2</vcpu><devices>
<disk type='file'><target dev='vda'/></disk><disk type='file'><target dev='vdb'/></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><target dev='vnet0'/></interface>
<interface type='user'><mac address='52:54:00:00:00:02'/></interface></devices></domain>"""
TIME = "20270102030405.000001+000"
ODD = "a/b %2F"  # a guest's name that a key must not be misled by
NUMBERS: dict[str, Any] = {
    "state.state": 1, "cpu.time": 11, "cpu.user": 12, "balloon.current": 13, "vcpu.current": 2,
    "vcpu.0.time": 21, "vcpu.1.time": 22, "vcpu.1.halted": True, "net.count": 1,
    "net.0.name": "vnet0", "net.0.rx.bytes": 31, "net.0.tx.drop": 32,
    "block.count": 3, "block.0.name": "vda", "block.0.path": "/a", "block.0.rd.bytes": 41,
    "block.0.capacity": 2**64 - 1, "block.1.name": "vdb", "block.1.rd.bytes": 42,
    "block.2.name": "gone", "block.2.rd.bytes": 43,
}
OF_A_GUEST = {  # InstanceID behind the guest's name: the number, and the device it is of
    "ProcessorTime": ("11", "ComputerSystem"), "UserTime": ("12", "ComputerSystem"),
    "MemoryCurrent": ("13", "Memory mem"), "0/VirtualProcessorTime": ("21", "Processor 0"),
    "1/VirtualProcessorTime": ("22", "Processor 1"),
    "vnet0/PortReceivedBytes": ("31", "NetworkPort 52:54:00:00:00:01"),
    "vnet0/PortSendDrops": ("32", "NetworkPort 52:54:00:00:00:01"),
    "vda/DiskReadBytes": ("41", "LogicalDisk vda"),
    "vda/DiskCapacity": (str(2**64 - 1), "LogicalDisk vda"),
    "vdb/DiskReadBytes": ("42", "LogicalDisk vdb"), "gone/DiskReadBytes": ("43", None),
}
OF_THE_HOST = {"HostUserTime": "51", "HostMemoryFree": "52", "0/HostCellMemoryFree": "53",
               "1/HostCellMemoryFree": "54"}


@functools.cache
def query() -> Query:
    """Two guests with the same numbers, one that is off and tells none, and the host."""
    found = [Document(("MetricXML",), CATALOG.getroot())]
    for name, numbers in (("web1", NUMBERS), (ODD, NUMBERS), ("off", {"state.state": 5})):
        domain = etree.fromstring(GUEST.format(name))
        found += [Document(("DomainXML",), domain), Document(
            ("DomainStats",), stats("stats", {"@time": TIME, "name": name}, numbers))]
    host = node()
    etree.SubElement(host, "name").text = "web1"  # a host may be called like a guest
    numbers = {"cpu.user": 51, "memory.free": 52, "cell.0.free": 53, "cell.1.free": 54}
    found += [Document(("NodeInfo",), host), Document(
        ("NodeStats",), stats("node", {"@time": TIME, "name": "web1"}, numbers))]
    return Query(load("KVM"), Shelf(found))


def value(key: str) -> Instance:
    """A value by its key."""
    return query().get(Path("KVM_BaseMetricValue", {"InstanceID": key}))


def ends(path: Path, assoc: str) -> list[Path]:
    """The other ends of an association."""
    return list(query().associator_names(path, assoc_class=assoc))


def short(path: Path) -> str:
    """A system's class, or a device's class and what tells it from the guest's others."""
    name = path.class_name.partition("_")[2]
    device = str(path.keys.get("DeviceID", "")).rpartition("/")[2]
    return f"{name} {device}" if device else name


def keys() -> Iterator[tuple[str, str, str]]:
    """Of each value: its key, the guest and what is behind that."""
    for name, spelled in (("web1", "web1"), (ODD, "a%2Fb %252F")):
        yield from ((f"{spelled}/{each}", name, each) for each in OF_A_GUEST)
    yield from ((f"Host/{each}", "", each) for each in OF_THE_HOST)


def test_there_is_a_value_for_each_number() -> None:
    found = {each["InstanceID"]: each["MetricValue"]
             for each in query().enumerate("CIM_BaseMetricValue")}
    assert found == {key: OF_A_GUEST[each][0] if name else OF_THE_HOST[each]
                     for key, name, each in keys()}


@pytest.mark.parametrize("key, name, each", list(keys()))
def test_a_key_alone_finds_the_value(key: str, name: str, each: str) -> None:
    found = value(key)
    device, _, metric = each.rpartition("/")
    cell = device if not name else ""
    assert found["MetricDefinitionId"] == f"KVM:{metric}" and found["ElementName"] == metric
    assert found["TimeStamp"] == TIME and found["Volatile"] is True
    assert found["MeasuredElementName"] == (
        "web1" if not name else f"{name}/{device}" if device else name)
    assert found.get("BreakdownValue", "") == cell
    assert found.get("BreakdownDimension", "") == ("NUMA cell" if cell else "")
    (definition,) = ends(found.path or Path(""), "CIM_MetricInstance")
    assert definition.keys["Id"] == f"KVM:{metric}"
    assert found.path in ends(definition, "CIM_MetricInstance")


@pytest.mark.parametrize("key", ["web1/vda/FlushTime", "web1/vdx/DiskReadBytes", "web1", "",
                                 "none/ProcessorTime", "off/ProcessorTime", "Host/ProcessorTime",
                                 "a/b %2F/ProcessorTime", "web1/HostUserTime"])
def test_other_keys_find_nothing(key: str) -> None:
    with pytest.raises(Error, match="No such instance"):
        value(key)


@pytest.mark.parametrize("key, name, each", list(keys()))
def test_a_value_is_of_its_element(key: str, name: str, each: str) -> None:
    path = value(key).path or Path("")
    found = ends(path, "CIM_MetricForME")
    wanted = OF_A_GUEST[each][1] if name else "HostSystem"
    assert [short(end) for end in found] == ([] if wanted is None else [wanted])
    for end in found:
        assert (end.keys.get("SystemName") or end.keys["Name"]) == (name or "web1")
        assert path in ends(end, "CIM_MetricForME")


@pytest.mark.parametrize("assoc", ["CIM_MetricForME", "CIM_MetricInstance", "CIM_MetricDefForME",
                                   "CIM_ServiceAffectsElement"])
def test_both_ends_agree(assoc: str) -> None:
    links = [each.path for each in query().enumerate(assoc)]
    assert links and len(set(links)) == len(links)
    for role in links[0].keys if links[0] else ():
        assert {path for path in links if path} == {
            path for end in {link.keys[role] for link in links if link}
            for path in query().reference_names(end, assoc, role)}
    for link, name in itertools.product(links, ("Antecedent", "AffectedElement")):
        end = link.keys.get(name) if link else None
        assert end is None or query().get(end).path == end


def test_a_value_has_a_definition_that_is_its_elements_too() -> None:
    for each in query().enumerate("CIM_BaseMetricValue"):
        (definition,) = ends(each.path or Path(""), "CIM_MetricInstance")
        for end in ends(each.path or Path(""), "CIM_MetricForME"):
            assert definition in ends(end, "CIM_MetricDefForME")


def test_definitions() -> None:
    found = {each["Id"]: each for each in query().enumerate("CIM_BaseMetricDefinition")}
    assert len(found) == len(CATALOG.findall("metric"))
    disk, cell = found["KVM:DiskReadBytes"], found["KVM:HostCellMemoryFree"]
    assert {name: disk[name] for name in disk.properties if name != "Id"} == {
        "Name": "Bytes read", "ElementName": "Bytes read", "DataType": 13, "Calculable": 2,
        "IsContinuous": True, "Units": "byte", "ProgrammaticUnits": "byte", "ChangeType": 3,
        "TimeScope": 4, "GatheringType": 4}
    assert (cell["ChangeType"], cell["TimeScope"], cell["BreakdownDimensions"]) == (
        4, 2, ["NUMA cell"])
    (service,) = ends(disk.path or Path(""), "CIM_ServiceAffectsElement")
    assert service.class_name == "KVM_MetricService"
    assert len(ends(service, "CIM_ServiceAffectsElement")) == len(found)


def test_the_catalog_is_plain() -> None:
    """Each line is one that the tables read whole, and no two have the same name or place."""
    metrics = CATALOG.findall("metric")
    for each in metrics:
        assert set(each.attrib) == {"id", "name", "element", "at", "type", "change", "units"}
        root, first, *_, leaf = each.get("at", "").split("/")[1:]
        assert root in ("stats", "node") and first and leaf.startswith("@")
        assert each.get("type") == "uint64" and each.get("change") in ("counter", "gauge")
        assert each.get("units") in ("byte", "byte * 2^10", "count", "second * 10^-9")
    for name in ("id", "at", "name"):
        assert len({each.get(name) for each in metrics}) == len(metrics)
