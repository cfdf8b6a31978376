# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools and volumes: libvirt's own documents, and the host as it changes."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import corpus
import pytest
import xpath
from lab import LAB, VOLUMES, disk, pool, rasd, volume
from lxml import etree

from libvirt_cim import schema
from libvirt_cim.cim import Error
from libvirt_cim.ground import ROOTS, Document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.provider import Provider
from libvirt_cim.rest import rests
from libvirt_cim.rewrite import started
from libvirt_cim.table import REST, Table
from libvirt_cim.write import build, modify, without_rest

FOLDERS = {"PoolXML": "storagepoolxml2xml*", "VolumeXML": "storagevolxml2xml*",
           "NetworkXML": "networkxml2xml*"}
SETTINGS = {"VolumeXML": "Virt_StorageVolumeResourceAllocationSettingData",
            "PoolXML": "Virt_DiskPoolResourceAllocationSettingData",
            "NetworkXML": "Virt_NetPoolResourceAllocationSettingData"}
TABLES = {"Virt_DiskPool", "Virt_NetworkPool", "Virt_StorageVolume", *SETTINGS.values()}


# libvirt's own documents

@functools.cache
def documents(kind: str) -> dict[str, Any]:
    """The roots of libvirt's own documents of a kind; a volume says its pool, as ours do."""
    found = {}
    for file in sorted(Path(corpus.SOURCE).rglob(f"{FOLDERS[kind]}/*.xml")):
        try:
            root = corpus.plain(file.read_bytes())
        except etree.XMLSyntaxError:  # one is empty
            continue
        if root.tag == ROOTS[kind]:
            if kind == "VolumeXML":
                root.set("pool", "p/%")
            found[f"{file.parent.name}/{file.name}"] = root
    return found


def some(kind: str) -> dict[str, Any]:
    """The same, or the test is skipped."""
    if not os.environ.get("LIBVIRT_SOURCE"):
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    assert len(documents(kind)) > 40
    return documents(kind)


def on(kind: str) -> list[Table]:
    """The tables that stand on such documents."""
    return [table for table in schema.load().tables.values()
            if kind in table.kinds and table.name in TABLES]


@pytest.mark.corpus
@pytest.mark.parametrize("kind", FOLDERS)
def test_rows_read_what_xpath_finds(kind: str) -> None:
    compared, wrong = 0, []
    for name, root in some(kind).items():
        document = Document((kind,), root)
        for table in on(kind):
            for entry in table.entries(document):
                values = table.instance(entry, document).properties
                for row, value in xpath.answers(table.class_, entry.node, kind):
                    compared += value is not None
                    if not row.qualifier("Key") and values.get(row.name) != value:
                        wrong.append((name, row.name, value, values.get(row.name)))
    assert not wrong and compared > 2 * len(documents(kind))


def settings(kind: str, root: Any) -> tuple[Table, Document, Any]:
    """The settings table on a document, and its only entry there."""
    table, document = schema.load().tables[SETTINGS[kind]], Document((kind,), root)
    (entry,) = table.entries(document)
    return table, document, entry


@pytest.mark.corpus
@pytest.mark.parametrize("kind", SETTINGS)
def test_what_is_built_from_settings(kind: str) -> None:
    for name, root in some(kind).items():
        table, document, entry = settings(kind, root)
        before = etree.tostring(root)
        modify(table, entry.node, document, table.instance(entry, document).properties)
        assert etree.tostring(root) == before, name
        values = table.instance(entry, document).properties
        (values[REST],) = rests([table], document)[SETTINGS[kind]]
        made = Document((kind,), etree.Element(ROOTS[kind]))
        if values[REST] is not None:
            made.root = started(table, values[REST], made)
        build(table, made.root, made, without_rest(values))
        assert corpus.meaning(made.root) == corpus.meaning(root), name


@pytest.mark.corpus
@pytest.mark.parametrize("kind", SETTINGS)
def test_every_row_of_settings_is_written(kind: str) -> None:
    seen: dict[str, int] = {}
    for root in some(kind).values():
        table, document, entry = settings(kind, root)
        for name, value in table.read(entry.node, document).items():
            made = Document((kind,), etree.Element(ROOTS[kind]))
            try:
                build(table, made.root, made, {name: value})
            except Error as error:
                assert "has no counterpart" in str(error)  # a format that has no number
            else:
                seen[name] = seen.get(name, 0) + (table.read(made.root, made)[name] == value)
    rows = {row.name for row in schema.load().tables[SETTINGS[kind]].rows.values()
            if not row.constant and not row.declared.qualifier("Key") and row.name != REST}
    rows -= {"Autostart"}  # which no document says
    assert {name for name, number in seen.items() if number} == rows


def test_a_volume_in_any_unit() -> None:
    table = schema.load().tables[SETTINGS["VolumeXML"]]
    for unit, amount in (("Bytes", 5 * 2**30), ("MegaBytes", 5 * 2**10), ("byte * 2^30", 5),
                         ("G", 5)):
        made = Document(("VolumeXML",), etree.Element("volume"))
        build(table, made.root, made, {"VolumeName": "v", "AllocationUnits": unit,
                                       "Capacity": amount, "FormatType": 2})
        assert etree.tostring(made.root) == (
            b'<volume><name>v</name><target><format type="qcow2"/></target>'
            b'<capacity unit="bytes">5368709120</capacity></volume>')


# the host as it changes

@pytest.fixture
def connection() -> Connection:
    return Connection(LAB)


def test_pools_are_as_libvirt_says(provider: Provider, host: Any) -> None:
    host.storagePoolLookupByName("vglab").destroy()
    host.storagePoolLookupByName("isos").setAutostart(True)
    for each in host.listAllStoragePools():
        found = provider.get_instance(pool("Disk", each.name()))
        state, capacity, allocation, available = each.info()
        assert found["OperationalStatus"] == [2 if state == 2 else 10] == [2 if each.isActive()
                                                                          else 10]
        assert found["HealthState"] == (5 if each.isActive() else 0)
        assert found["Capacity"] == capacity >> 20 and found["Reserved"] == allocation >> 20
        assert found["Available"] == available >> 20
        assert found["Autostart"] == each.autostart() == (each.name() == "isos")
    every = {each["InstanceID"]: each for each in provider.enumerate_instances("Virt_DiskPool")}
    assert set(every) == {"DiskPool/0", *(f"DiskPool/{name}" for name in VOLUMES)}
    assert every["DiskPool/vglab"]["OperationalStatus"] == [10]
    assert every["DiskPool/isos"]["Autostart"] == 1


def test_networks_that_are_off_are_pools_too(provider: Provider, host: Any) -> None:
    host.networkLookupByName("backup").destroy()
    host.networkLookupByName("lab").setAutostart(True)
    found = {each["InstanceID"]: (each.get("OperationalStatus"), each.get("Autostart"))
             for each in provider.enumerate_instances("Virt_NetworkPool")}
    assert found == {"NetworkPool/0": (None, None), "NetworkPool/lab": ([2], 1),
                     "NetworkPool/backup": ([10], 0)}
    assert provider.get_instance(pool("Network", "backup"))["OperationalStatus"] == [10]


def pool_of(provider: Provider, path: str) -> list[str]:
    """The pools that a device is drawn from."""
    return [each.keys["InstanceID"] for each in provider.associator_names(
        path, "Virt_ElementAllocatedFromPool", role="Dependent")]


def test_a_disk_in_no_pool_is_drawn_from_all_storage(provider: Provider, host: Any) -> None:
    assert pool_of(provider, disk("cache1", "vda")) == ["DiskPool/images"]
    host.storageVolLookupByPath("/srv/lab/images/cache1.raw").delete()
    assert pool_of(provider, disk("cache1", "vda")) == ["DiskPool/0"]
    settings = provider.associator_names(rasd("Disk", "cache1/vda"),
                                         "Virt_ResourceAllocationFromPool")
    assert [each.keys["InstanceID"] for each in settings] == ["DiskPool/0"]
    drawn = provider.associator_names(pool("Disk"), result_class="CIM_LogicalDisk")
    assert [each.keys["DeviceID"] for each in drawn] == ["cache1/vda"]


def test_a_volume_that_comes_and_goes(provider: Provider, host: Any) -> None:
    where = volume(host.getHostname(), "isos", "a/b%2F c")
    with pytest.raises(Error, match=r"No such instance \(DeviceID\)"):
        provider.get_instance(where)
    made = host.storagePoolLookupByName("isos").createXML(
        "<volume><name>new</name><capacity unit='MiB'>7</capacity></volume>")
    found = provider.get_instance(volume(host.getHostname(), "isos", "new"))
    assert found["NumberOfBlocks"] * found["BlockSize"] == 7 * 2**20
    made.delete()
    assert len(list(provider.enumerate_instance_names("CIM_StorageVolume"))) == 7


@pytest.mark.parametrize("id_", ["DiskPool/", "DiskPool/nosuch", "NetworkPool/lab", "images", "",
                                 "DiskPool/0/", "diskpool/0", "DiskPool/images/front1.qcow2"])
def test_a_wrong_id_is_no_pool(provider: Provider, id_: str) -> None:
    with pytest.raises(Error, match=r"^No such instance \(InstanceID\)$"):
        provider.get_instance(f'Virt_DiskPool.InstanceID="{id_}"')


def test_a_rest_of_a_volume(provider: Provider) -> None:
    where = rasd("StorageVolume", "DiskPool/images/front1.qcow2")
    found = provider.get_instance(where, property_list=["UnmappedXML", "VolumeName"])
    assert found.properties == {
        "VolumeName": "front1.qcow2",
        "UnmappedXML": "<volume><key>/srv/lab/images/front1.qcow2</key></volume>"}
