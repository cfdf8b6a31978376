# SPDX-License-Identifier: LGPL-2.1-or-later
"""PoolInfo and NetworkInfo: what libvirt says beside their documents, each leaf at a price."""

from __future__ import annotations

import pytest
from calls import Calls
from small_host import breaking, failing, roots

from libvirt_cim.hypervisor import document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request

KINDS = {"PoolInfo": ("storagePool", "images"), "NetworkInfo": ("network", "lab")}


@pytest.mark.parametrize("kind, wanted, cost", [
    ("PoolInfo", ("name", "uuid"), {}), ("PoolInfo", ("state",), {"StoragePool.info": 1}),
    ("PoolInfo", ("active",), {"StoragePool.isActive": 1}),
    ("PoolInfo", ("persistent",), {"StoragePool.isPersistent": 1}),
    ("PoolInfo", ("autostart",), {"StoragePool.autostart": 1}), ("PoolInfo", ("nonsense",), {}),
    ("NetworkInfo", ("active",), {"Network.isActive": 1}), ("NetworkInfo", ("state",), {}),
])
def test_a_leaf_costs_its_own_call(
    connection: Connection, calls: Calls, kind: str, wanted: tuple[str, ...], cost: dict[str, int]
) -> None:
    look_up, name = KINDS[kind]
    request = Request(connection)
    for _ in range(2):
        (found,) = request.documents(kind, {"/info/name": name}, wanted)
    assert calls == {f"{look_up}LookupByName": 1, **cost}
    assert {child.tag for child in found.root} <= {"name", "uuid", *wanted}


@pytest.mark.parametrize("kind, listing", [
    ("PoolInfo", "listAllStoragePools"), ("NetworkInfo", "listAllNetworks"),
])
def test_of_all_one_listing_tells(
    connection: Connection, calls: Calls, kind: str, listing: str
) -> None:
    host = connection.handle
    some = host.storagePoolLookupByName("old"), host.networkLookupByName("far")
    for each in some:
        each.destroy()
        each.setAutostart(True)
    calls.clear()
    found = roots(Request(connection).documents(kind, {}, ("name", "active", "autostart")))
    told = {name: (root.findtext("active"), root.findtext("autostart"))
            for name, root in found.items()}
    assert set(told.values()) == {("yes", "no"), ("no", "yes")}
    assert {name for name, each in told.items() if each[0] == "no"} <= {"old", "far"}
    assert calls == {listing: 3}


def test_a_pool_and_its_document_are_kept_apart(connection: Connection, calls: Calls) -> None:
    request = Request(connection)
    for _ in range(2):
        (info,) = request.documents("PoolInfo", {"/info/name": "images"}, ("state",))
        (whole,) = request.documents("PoolXML", {"/pool/name": "images"}, ())
        assert info.root.tag == "info" and whole.root.tag == "pool"
    assert calls == {"storagePoolLookupByName": 1, "StoragePool.info": 1,
                     "StoragePool.XMLDesc": 1}


def test_what_libvirt_does_not_tell_is_absent(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = libvirt.virConnect.listAllStoragePools
    refused = breaking(failing(libvirt.VIR_ERR_NO_SUPPORT))
    monkeypatch.setattr(libvirt.virConnect, "listAllStoragePools", lambda self, flags=0: (
        refused() if flags else original(self, flags)))
    monkeypatch.setattr(libvirt.virStoragePool, "autostart", refused)
    monkeypatch.setattr(libvirt.virStoragePool, "info", refused)
    found = roots(Request(connection).documents("PoolInfo", {}, ()))
    assert set(found) == {"images", "old"}
    for root in found.values():
        assert [child.tag for child in root] == ["name", "uuid", "active", "persistent"]
    assert list(Request(connection).documents("PoolInfo", {"/info/name": "none"}, ())) == []


def test_states_are_libvirts() -> None:
    for number, name in enumerate(document.POOL_STATES):
        assert getattr(libvirt, f"VIR_STORAGE_POOL_{name.upper()}") == number
        assert document.pool_state(number) == name
    assert document.pool_state(-1) is None and document.pool_state(99) is None
