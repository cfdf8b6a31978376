# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host as documents: itself, its networks, pools, volumes and devices."""

from __future__ import annotations

from typing import Optional

import pytest
from calls import Calls
from small_host import breaking, failing, get

from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request
from libvirt_cim.tree import Element


def told(node: Element) -> dict[str, Optional[str]]:
    """What libvirt tells of a host; what every host has comes before that, and is empty."""
    return {child.tag: child.text for child in node if child.text}


def test_node_info(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (name,) = request.documents("NodeInfo", {}, ("name",))
    assert told(name.root) == {"name": connection.hostname} and calls == {"getHostname": 1}
    (whole,) = request.documents("NodeInfo", {"/node/name": "any"}, ())
    leaves = told(whole.root)
    assert leaves.pop("name") == connection.hostname
    assert leaves == {"model": "x86_64", "memory": "4194304", "vcpu": "60", "mhz": "2600",
                      "nodes": "2", "sockets": "2", "cores": "8", "threads": "2"}
    assert whole.root.find("memory").get("unit") == "KiB"
    assert calls == {"getHostname": 1, "getInfo": 1}


def test_capabilities(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (first,) = request.documents("CapsXML", {}, ())
    assert first.root.tag == "capabilities" and first.kinds == ("CapsXML",)
    assert list(request.documents("CapsXML", {}, ())) == [first]
    assert calls == {"getCapabilities": 1}


@pytest.mark.parametrize("kind, names", [
    ("PoolXML", {"images", "old"}), ("NetworkXML", {"lab", "far"}), ("InterfaceXML", {None}),
    ("NodeDeviceXML", {"computer"}), ("FilterXML", set()), ("JobInfo", set()),
])
def test_what_a_host_has(connection: Connection, kind: str, names: set[Optional[str]]) -> None:
    request = Request(connection)
    found = list(request.documents(kind, {}, ()))
    assert {each.root.findtext("name") for each in found} == names
    assert all(each.kinds == (kind,) and each.source == request for each in found)
    assert list(request.documents(kind, {}, ())) == found


def test_networks_and_pools_by_name(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (lab,) = get(request, "NetworkXML", name="lab")
    assert get(request, "NetworkXML", name="lab") == [lab]
    assert get(request, "NetworkXML", name="none") == get(request, "NetworkXML", name="a\0") == []
    assert get(request, "NetworkXML", name="none") == []
    (pool,) = get(request, "PoolXML", name="images")
    assert get(request, "PoolXML", uuid=pool.root.findtext("uuid")) == [pool]
    assert get(request, "PoolXML", uuid="none") == []
    assert calls == {"networkLookupByName": 3, "Network.XMLDesc": 1,
                     "storagePoolLookupByName": 1, "storagePoolLookupByUUIDString": 2,
                     "StoragePool.XMLDesc": 1}
    (stub,) = request.documents("NetworkXML", {"/network/name": "far"}, ("name",))
    assert [child.tag for child in stub.root] == ["name", "uuid"]
    assert calls["Network.XMLDesc"] == 1


def test_volumes(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    (by_path,) = request.documents("VolumeXML", {"/volume/target/path": "/images/a.img"}, ())
    assert by_path.root.get("pool") == "images"
    assert calls == {"storageVolLookupByPath": 1, "StorageVol.storagePoolLookupByVolume": 1,
                     "StorageVol.XMLDesc": 1}
    known = {"/volume/@pool": "images", "/volume/name": "a.img"}
    assert list(request.documents("VolumeXML", known, ())) == [by_path]
    assert list(request.documents("VolumeXML", {"/volume/key": "/images/a.img"}, ())) == [by_path]
    assert calls["StorageVol.XMLDesc"] == 1
    both = list(request.documents("VolumeXML", {"/volume/@pool": "images"}, ()))
    assert {each.root.findtext("name") for each in both} == {"a.img", "b.img"} and by_path in both
    every = list(request.documents("VolumeXML", {}, ("name",)))
    assert sorted((each.root.get("pool"), each.root.findtext("name")) for each in every) == [
        ("images", "a.img"), ("images", "b.img"), ("old", "a.img")]
    assert calls["StorageVol.XMLDesc"] == 2 and calls["listAllStoragePools"] == 1


@pytest.mark.parametrize("known", [
    {"/volume/target/path": "/none"}, {"/volume/target/path": ""}, {"/volume/key": "none"},
    {"/volume/@pool": "none", "/volume/name": "a.img"}, {"/volume/@pool": "none"},
    {"/volume/@pool": "images", "/volume/name": "none"}, {"/volume/target/path": "\0"},
    {"/volume/@pool": "old", "/volume/name": "a.img"}, {"/volume/@pool": "old"},
])
def test_a_missing_volume_is_no_document(connection: Connection, known: dict[str, str]) -> None:
    connection.handle.storagePoolLookupByName("old").destroy()
    assert list(Request(connection).documents("VolumeXML", known, ())) == []
    assert len(get(Request(connection), "VolumeXML")) == 2


def test_things_that_vanished_are_skipped(connection: Connection) -> None:
    request = Request(connection)
    found = request.documents("VolumeXML", {"/volume/@pool": "images"}, ())
    first = next(found).root.findtext("name")
    other = ({"a.img", "b.img"} - {first}).pop()
    connection.handle.storagePoolLookupByName("images").storageVolLookupByName(other).delete(0)
    assert list(found) == []


def test_without_a_driver_there_are_no_documents(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = breaking(failing(libvirt.VIR_ERR_NO_SUPPORT))
    for name in ("listAllStoragePools", "storageVolLookupByPath", "getCapabilities", "getInfo",
                 "listAllDomains"):
        monkeypatch.setattr(libvirt.virConnect, name, refused)
    request = Request(connection)
    for kind in ("PoolXML", "VolumeXML", "CapsXML", "DomainXML"):
        assert get(request, kind) == []
    assert list(request.documents("VolumeXML", {"/volume/target/path": "/images/a.img"}, ())) == []
    (node,) = request.documents("NodeInfo", {}, ())
    assert told(node.root) == {"name": connection.hostname}
