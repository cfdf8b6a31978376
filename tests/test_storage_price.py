# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools and volumes: the price of an answer, in calls of libvirt, on a host with many guests."""

from __future__ import annotations

import pytest
from calls import Calls, counted
from lab import GUESTS, LAB, NETWORKS, VOLUMES, crowd, disk, link, pool, rasd, system, volume
from test_storage import SETTINGS, pool_of

from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.provider import Provider


@pytest.fixture
def connection() -> Connection:
    return Connection(LAB)


@pytest.fixture
def calls(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the provider asks of libvirt, on a host with more guests."""
    crowd(connection.handle)
    return counted(monkeypatch)


ONE = {"Virt_DiskPool": (pool("Disk", "images"), "storagePoolLookupByName", "StoragePool"),
       "Virt_NetworkPool": (pool("Network", "lab"), "networkLookupByName", "Network")}


@pytest.mark.parametrize("class_name", ONE)
def test_a_pool_costs_a_lookup_and_if_it_is_read_a_document(
    provider: Provider, calls: Calls, class_name: str
) -> None:
    path, look_up, kind = ONE[class_name]
    provider.get_instance(path, property_list=["ElementName", "ResourceType"])
    assert calls == {look_up: 1}
    calls.clear()
    provider.get_instance(path)
    assert calls[look_up] == calls[f"{kind}.XMLDesc"] == 1
    assert sum(calls.values()) <= 5 and calls.listings == 0


@pytest.mark.parametrize("settings_too", [False, True])
def test_a_volume_costs_a_lookup_and_a_document(
    provider: Provider, connection: Connection, calls: Calls, settings_too: bool
) -> None:
    name = connection.hostname
    calls.clear()
    provider.get_instance(rasd("StorageVolume", "DiskPool/vglab/store1") if settings_too
                          else volume(name, "vglab", "store1"))
    assert calls == {"storagePoolLookupByName": 1, "StoragePool.storageVolLookupByName": 1,
                     "StorageVol.XMLDesc": 1}


def test_names_of_volumes_need_no_document(provider: Provider, calls: Calls) -> None:
    assert len(list(provider.enumerate_instance_names("Virt_StorageVolume"))) == 7
    assert len(list(provider.enumerate_instance_names(SETTINGS["VolumeXML"]))) == 7
    assert not [name for name in calls if name.endswith("XMLDesc")]


def test_the_pool_of_a_disk_is_looked_up(provider: Provider, calls: Calls) -> None:
    assert pool_of(provider, disk("front1", "vdb")) == ["DiskPool/vglab"]
    assert calls.listings == calls["listAllStoragePools"] == calls["listAllNetworks"] == 0
    assert calls["XMLDesc"] == calls["storageVolLookupByPath"] == 1
    calls.clear()
    provider.get_instance(link("Virt_ElementAllocatedFromPool", Antecedent=pool("Disk", "vglab"),
                               Dependent=disk("front1", "vdb")))
    assert calls.listings == calls["listAllStoragePools"] == 0 and calls["XMLDesc"] == 1


@pytest.mark.parametrize("path, untouched", [
    (pool("Disk", "images"), ()), (pool("Disk"), ()),
    (pool("Network", "lab"), ("StorageVol.XMLDesc", "StoragePool.XMLDesc")),
    (pool("Memory"), ("StorageVol.XMLDesc", "Network.XMLDesc", "StoragePool.XMLDesc")),
    (pool("Graphics"), ("StorageVol.XMLDesc", "Network.XMLDesc", "StoragePool.XMLDesc")),
])
def test_what_is_drawn_from_a_pool_costs_each_document_once(
    provider: Provider, calls: Calls, path: str, untouched: tuple[str, ...]
) -> None:
    list(provider.associator_names(path, "Virt_ElementAllocatedFromPool"))
    assert calls["XMLDesc"] > len(GUESTS) and max(calls.documents.values()) == 1
    assert calls["StorageVol.XMLDesc"] <= 7 and calls["StoragePool.XMLDesc"] <= len(VOLUMES)
    assert calls["Network.XMLDesc"] <= len(NETWORKS)
    assert not set(untouched) & set(calls)


def test_a_link_is_found_from_its_own_document(
    provider: Provider, connection: Connection, calls: Calls
) -> None:
    name, drawn, isos = connection.hostname, "Virt_ElementAllocatedFromPool", pool("Disk", "isos")
    node, held = system(name, "Virt_HostSystem"), volume(name, "vglab", "store1")
    for path in (link("Virt_HostedResourcePool", GroupComponent=node, PartComponent=isos),
                 link("Virt_SystemDevice", GroupComponent=node, PartComponent=held),
                 link(drawn, Antecedent=pool("Disk", "vglab"), Dependent=held),
                 link(drawn, Antecedent=pool("Disk"), Dependent=isos)):
        calls.clear()
        provider.get_instance(path)
        assert calls.listings == calls["XMLDesc"] == calls["listAllStoragePools"] == 0
