# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hypervisor: what libvirt says as documents, at what price, and what it refuses as cim.Error.

All against libvirt's test driver, in this process; what that lacks is put in its place.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libvirt_cim.cim import Error, Status
from libvirt_cim.ground import Document
from libvirt_cim.hypervisor import document, error
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request, Shelf
from libvirt_cim.tree import parse, text_of

GUESTS = {  # name: virDomainState, what else is said
    "runs": (1, "<test:x/>"), "waits": (3, ""), "off": (5, ""),
    "sleeps": (5, "<test:hasmanagedsave/>"), "passes": (1, "<test:transient/>"), "fell": (6, ""),
}
GUEST = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<name>{name}</name><uuid>{uuid}</uuid><memory>2048</memory><currentMemory>1024</currentMemory>
<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>
<devices><graphics type='vnc' passwd='hidden'/></devices>
{more}<test:runstate>{state}</test:runstate></domain>"""
HOST = """<node>
<cpu><nodes>2</nodes><sockets>2</sockets><cores>8</cores><threads>2</threads><active>60</active>
<mhz>2600</mhz><model>x86_64</model></cpu><memory>4194304</memory>{guests}
<network><name>lab</name><bridge name='virbr7'/></network>
<network><name>far</name><bridge name='virbr8'/></network>
<interface type='ethernet' name='eth9'><start mode='none'/><mac address='aa:bb:cc:dd:ee:01'/>
</interface>
<pool type='dir'><name>images</name><target><path>/images</path></target>
<volume><name>a.img</name><capacity>1</capacity></volume>
<volume><name>b.img</name><capacity>2</capacity></volume></pool>
<pool type='dir'><name>old</name><target><path>/old</path></target>
<volume><name>a.img</name><capacity>3</capacity></volume></pool>
<device><name>computer</name><capability type='system'><hardware><vendor>Acme</vendor>
<uuid>44444444-4444-4444-4444-444444444444</uuid></hardware><firmware/></capability></device>
</node>"""
UUID = "a4f3c1d2-0000-4000-8000-0000000000{:02}"
COUNTED = {
    "virConnect": ("listAllDomains", "lookupByName", "lookupByUUIDString", "getAllDomainStats",
                   "listAllStoragePools", "storagePoolLookupByName", "storageVolLookupByPath",
                   "listAllNetworks", "networkLookupByName", "getInfo", "getHostname",
                   "getCapabilities"),
    "virDomain": ("XMLDesc", "isPersistent", "state", "info", "autostart", "hasManagedSaveImage",
                  "isActive"),
    "virStoragePool": ("XMLDesc", "listAllVolumes", "storageVolLookupByName"),
    "virStorageVol": ("XMLDesc", "storagePoolLookupByVolume"),
    "virNetwork": ("XMLDesc",),
}


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    """A host of its own: a guest in every state, two networks and pools."""
    guests = "".join(
        GUEST.format(name=name, uuid=UUID.format(index), state=state, more=more)
        for index, (name, (state, more)) in enumerate(GUESTS.items())
    )
    file = tmp_path / "host.xml"
    file.write_text(HOST.format(guests=guests.replace("<test:x/>", "")), "utf-8")
    return Connection(f"test://{file}")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> Counter[str]:
    """How often libvirt was called, by the method's name; domains' XMLDesc is plain XMLDesc."""
    made: Counter[str] = Counter()
    assert connection.handle

    def count(owner: Any, name: str, label: str) -> None:
        original = getattr(owner, name)

        def counted(self: Any, *arguments: Any) -> Any:
            made[label] += 1
            return original(self, *arguments)

        monkeypatch.setattr(owner, name, counted)

    for owner, names in COUNTED.items():
        for name in names:
            prefix = "" if owner in ("virConnect", "virDomain") else owner[3:] + "."
            count(getattr(libvirt, owner), name, prefix + name)
    return made


def roots(found: Iterator[Document]) -> dict[str, Any]:
    """The roots of documents by their names."""
    return {each.root.findtext("name"): each.root for each in found}


def get(source: Any, kind: str, **known: str) -> list[Document]:
    """The documents of a kind, known by leaves of its root."""
    root = {"DomainInfo": "info", "VolumeXML": "volume", "NetworkXML": "network",
            "PoolXML": "pool"}.get(kind, "domain")
    return list(source.documents(kind, {f"/{root}/{k}": v for k, v in known.items()}, ()))


def failing(code: int, domain: int = 10, text: str = "no\n  luck") -> Any:
    """A libvirtError as the bindings raise it."""
    made = libvirt.libvirtError("made")
    made.err = (code, domain, text, 2, None, None, None, 0, 0)
    return made


def breaking(problem: Exception) -> Any:
    """A method that raises."""
    def broken(*arguments: Any) -> Any:
        raise problem
    return broken


# guests


def test_a_guest_that_is_off_is_one_document(connection, calls):
    request = Request(connection)
    (live,) = get(request, "DomainXML", name="off")
    (config,) = get(request, "DomainConfigXML", name="off")
    assert live is config and live.source is request
    assert live.kinds == ("DomainConfigXML", "DomainXML")
    assert calls == {"lookupByName": 1, "XMLDesc": 1}


def test_a_running_guest_has_two(connection, calls):
    request = Request(connection)
    (live,) = get(request, "DomainXML", name="runs")
    assert calls == {"lookupByName": 1, "XMLDesc": 1}
    (config,) = get(request, "DomainConfigXML", name="runs")
    assert (live.kinds, config.kinds) == (("DomainXML",), ("DomainConfigXML",))
    assert live.root.get("id") and config.root.get("id") is None
    get(request, "DomainXML", uuid=UUID.format(0))
    get(request, "DomainInfo", uuid=UUID.format(0))
    assert calls["XMLDesc"] == 2 and calls["isPersistent"] == 1
    assert calls["listAllDomains"] == 0 and calls["lookupByUUIDString"] == 0


def test_a_transient_guest_has_its_live_document_only(connection, calls):
    request = Request(connection)
    assert "passes" not in roots(request.documents("DomainConfigXML", {}, ()))
    assert "passes" in roots(request.documents("DomainXML", {}, ()))
    calls.clear()
    (live,) = get(request, "DomainXML", name="passes")
    (asked,) = get(request, "DomainConfigXML", name="passes")
    assert asked.kinds == ("DomainConfigXML",) and asked.root is live.root
    assert get(request, "DomainConfigXML", name="passes") == [asked]
    assert "passes" not in roots(request.documents("DomainConfigXML", {}, ()))
    assert calls["XMLDesc"] == calls["lookupByName"] == calls["isPersistent"] == 0
    (alone,) = get(Request(connection), "DomainConfigXML", name="passes")
    assert alone.kinds == ("DomainConfigXML",)
    assert calls == {"lookupByName": 1, "isPersistent": 1, "XMLDesc": 1}


def test_guests_are_listed_once_and_read_as_they_are_asked_for(connection, calls):
    request = Request(connection)
    found = request.documents("DomainXML", {}, ())
    assert not calls
    next(found)
    assert calls == {"listAllDomains": 1, "XMLDesc": 1}
    assert len(list(found)) == len(GUESTS) - 1
    assert calls == {"listAllDomains": 1, "XMLDesc": len(GUESTS)}
    assert len(get(request, "DomainXML")) == len(GUESTS)
    get(request, "DomainXML", name="runs")
    assert calls == {"listAllDomains": 1, "XMLDesc": len(GUESTS)}


def test_both_documents_of_every_guest_in_one_walk(connection, calls):
    request = Request(connection, keep=1)
    kinds = Counter(each.kinds for each in request.every(("DomainConfigXML", "DomainXML"), {}, ()))
    assert kinds == {("DomainConfigXML", "DomainXML"): 2, ("DomainConfigXML",): 3,
                     ("DomainXML",): 4}
    assert calls == {"listAllDomains": 2, "XMLDesc": 9}  # the second: who is transient


def test_names_need_no_document(connection, calls):
    request = Request(connection)
    found = list(request.documents("DomainXML", {}, ("name", "uuid")))
    assert {each.root.findtext("name") for each in found} == set(GUESTS)
    assert text_of(roots(iter(found))["off"]) == (
        f"<domain><name>off</name><uuid>{UUID.format(2)}</uuid></domain>")
    (named,) = request.documents("DomainConfigXML", {"/domain/name": "off"}, ("name",))
    assert named.kinds == ("DomainConfigXML", "DomainXML")
    assert list(request.documents("DomainConfigXML", {"/domain/name": "passes"}, ("name",)))
    assert calls["XMLDesc"] == 0
    (whole,) = request.documents("DomainXML", {"/domain/name": "off"}, ("name", ""))
    assert whole.root.get("type") == "test" and calls["XMLDesc"] == 1
    (same,) = request.documents("DomainXML", {"/domain/name": "off"}, ("name",))
    assert same is whole


def test_secrets_stay_masked(connection, monkeypatch):
    asked = []
    original = libvirt.virDomain.XMLDesc
    monkeypatch.setattr(libvirt.virDomain, "XMLDesc",
                        lambda self, flags=0: asked.append(flags) or original(self, flags))
    request = Request(connection)
    for each in request.every(("DomainXML", "DomainConfigXML"), {}, ()):
        assert "hidden" not in text_of(each.root)
    assert set(asked) == {0, libvirt.VIR_DOMAIN_XML_INACTIVE}


@pytest.mark.parametrize("known", [
    {"/domain/name": "nobody"}, {"/domain/name": ""}, {"/domain/name": "a\0b"},
    {"/domain/name": "\ud800"}, {"/domain/uuid": "nobody"}, {"/domain/uuid": UUID.format(99)},
])
def test_an_unknown_guest_is_no_document(connection, calls, known):
    request = Request(connection)
    assert list(request.documents("DomainXML", known, ())) == []
    assert list(request.documents("DomainConfigXML", known, ())) == []
    assert calls["listAllDomains"] == 0 and calls["lookupByName"] <= 1


@pytest.mark.parametrize("kind", ["DomainXML", "DomainConfigXML", "DomainInfo"])
def test_a_guest_that_vanished_is_skipped(connection, kind):
    request = Request(connection)
    found = request.documents(kind, {}, ())
    first = next(found).root.findtext("name")  # libvirt lists them in any order
    for each in connection.handle.listAllDomains(0):
        if each.name() != first:
            if each.isActive():
                each.destroy()
            if each.name() != "passes":  # it is gone with its run
                each.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    assert list(found) == []
    assert {name for name in GUESTS if get(request, kind, name=name)} == {first}


def test_what_was_written_is_read_again(connection, calls):
    request = Request(connection)
    (before,) = get(request, "DomainXML", name="off")
    (other,) = get(request, "DomainXML", name="sleeps")
    connection.handle.lookupByName("off").create()
    assert get(request, "DomainXML", name="off") == [before]
    calls.clear()
    request.forget("off")
    (after,) = get(request, "DomainXML", name="off")
    assert after.kinds == ("DomainXML",) and calls["XMLDesc"] == 1
    assert get(request, "DomainXML", name="sleeps") == [other]
    assert get(request, "DomainXML", name="new") == []
    connection.handle.defineXML(GUEST.format(name="new", uuid=UUID.format(50), state=5, more=""))
    request.forget("new")
    assert len(get(request, "DomainXML", name="new")) == 1
    request.forget()
    assert len(get(request, "DomainXML")) == len(GUESTS) + 1


def test_few_documents_are_held(connection):
    for index in range(40):
        uuid = UUID.format(index).replace("a4f3", "b4f3")
        connection.handle.defineXML(GUEST.format(name=uuid, uuid=uuid, state=5, more=""))

    def held() -> int:
        return sum(type(each) is Document for each in gc.get_objects())

    gc.collect()
    before = held()
    walk = Request(connection, keep=8).documents("DomainXML", {}, ())
    assert max(held() - before for _ in walk) == 8


# DomainInfo


def test_states(connection, calls):
    expected = {"runs": "running", "waits": "paused", "off": "shutoff", "sleeps": "saved",
                "passes": "running", "fell": "crashed"}
    found = roots(Request(connection).documents("DomainInfo", {}, ("name", "state")))
    assert {name: root.findtext("state") for name, root in found.items()} == expected
    assert {name for name, root in found.items() if root.get("active") == "no"} == {
        "off", "sleeps"}
    assert calls == {"listAllDomains": 2, "getAllDomainStats": 1}  # the second: who is saved
    calls.clear()
    for name, state in expected.items():
        (one,) = Request(connection).documents("DomainInfo", {"/info/name": name}, ("state",))
        assert text_of(one.root) == (f'<info active="{found[name].get("active")}">'
                                     f"<state>{state}</state></info>")
    assert calls == {"lookupByName": 6, "state": 6, "hasManagedSaveImage": 2}


@pytest.mark.parametrize("wanted, cost", [
    (("name", "uuid", ""), {}), (("persistent",), {"isPersistent": 1}),
    (("autostart",), {"autostart": 1}), (("managedsave",), {"hasManagedSaveImage": 1}),
    (("reason", "state"), {"state": 1}), (("memory", "vcpus"), {"info": 1}),
    (("nonsense",), {}),
])
def test_a_leaf_costs_its_own_call(connection, calls, wanted, cost):
    (found,) = Request(connection).documents("DomainInfo", {"/info/name": "runs"}, wanted)
    assert calls == {"lookupByName": 1, **cost}
    assert {child.tag for child in found.root} <= set(wanted)


def test_more_leaves_extend_the_element(connection, calls):
    request = Request(connection)
    known = {"/info/name": "runs"}
    (first,) = request.documents("DomainInfo", known, ("state",))
    assert {each.tag for each in first.root} == {"state"}
    (second,) = request.documents("DomainInfo", known, ("vcpus", "state", "vcpus"))
    assert second.root is first.root and {each.tag for each in second.root} == {"state", "vcpus"}
    (third,) = request.documents("DomainInfo", known, ("vcpus",))
    assert third is second
    (whole,) = request.documents("DomainInfo", known, ())
    leaves = {child.tag: (child.text, child.get("unit")) for child in whole.root}
    assert set(leaves) == set(document.INFO) and leaves.pop("cputime")[1] == "ns"
    assert leaves["maxMemory"] == ("2048", "KiB") and leaves["memory"] == ("1024", "KiB")
    assert leaves["persistent"] == ("yes", None) and leaves["vcpus"] == ("2", None)
    assert calls["state"] == calls["info"] == 1


def test_flags_of_all_guests_come_from_listings(connection, calls):
    connection.handle.lookupByName("off").setAutostart(True)
    calls.clear()
    wanted = ("name", "persistent", "autostart", "managedsave")
    found = roots(Request(connection).documents("DomainInfo", {}, wanted))
    yes = {leaf: {name for name, root in found.items() if root.findtext(leaf) == "yes"}
           for leaf in wanted[1:]}
    assert yes == {"persistent": set(GUESTS) - {"passes"}, "autostart": {"off"},
                   "managedsave": {"sleeps"}}
    assert calls == {"listAllDomains": 4}


def test_without_bulk_calls_guests_are_asked_one_by_one(connection, calls, monkeypatch):
    original = libvirt.virConnect.listAllDomains
    refused = failing(libvirt.VIR_ERR_NO_SUPPORT)
    monkeypatch.delattr(libvirt.virConnect, "getAllDomainStats")
    monkeypatch.setattr(libvirt.virConnect, "listAllDomains", lambda self, flags=0: (
        breaking(refused)() if flags else original(self, flags)))
    monkeypatch.setattr(libvirt.virDomain, "autostart", breaking(refused))
    found = roots(Request(connection).documents("DomainInfo", {}, ()))
    assert found["sleeps"].findtext("state") == "saved"
    assert found["passes"].findtext("persistent") == "no"
    assert found["runs"].find("autostart") is None
    assert calls["state"] == calls["hasManagedSaveImage"] == len(GUESTS)


def test_states_and_reasons_are_libvirts():
    for number, name in enumerate(document.STATES):
        assert getattr(libvirt, f"VIR_DOMAIN_{name.upper()}") == number
        for reason, word in enumerate(document.REASONS[name]):
            constant = f"VIR_DOMAIN_{name}_{word}".upper().replace("-", "_")
            assert getattr(libvirt, constant, reason) == reason
            assert document.state(number, reason) == {"state": name, "reason": word}
    assert document.state(99, 0) == {"state": "nostate", "reason": "unknown"}
    assert document.state(1, 99) == {"state": "running", "reason": "unknown"}


# the host


def test_node_info(connection, calls):
    request = Request(connection)
    (name,) = request.documents("NodeInfo", {}, ("name",))
    assert [child.tag for child in name.root] == ["name"] and calls == {"getHostname": 1}
    (whole,) = request.documents("NodeInfo", {"/node/name": "any"}, ())
    leaves = {child.tag: child.text for child in whole.root}
    assert leaves.pop("name") == connection.hostname
    assert leaves == {"model": "x86_64", "memory": "4194304", "vcpu": "60", "mhz": "2600",
                      "nodes": "2", "sockets": "2", "cores": "8", "threads": "2"}
    assert whole.root.find("memory").get("unit") == "KiB"
    assert calls == {"getHostname": 1, "getInfo": 1}


def test_capabilities(connection, calls):
    request = Request(connection)
    (first,) = request.documents("CapsXML", {}, ())
    assert first.root.tag == "capabilities" and first.kinds == ("CapsXML",)
    assert list(request.documents("CapsXML", {}, ())) == [first]
    assert calls == {"getCapabilities": 1}


@pytest.mark.parametrize("kind, names", [
    ("PoolXML", {"images", "old"}), ("NetworkXML", {"lab", "far"}), ("InterfaceXML", {None}),
    ("NodeDeviceXML", {"computer"}), ("FilterXML", set()), ("JobInfo", set()),
])
def test_what_a_host_has(connection, kind, names):
    request = Request(connection)
    found = list(request.documents(kind, {}, ()))
    assert {each.root.findtext("name") for each in found} == names
    assert all(each.kinds == (kind,) and each.source is request for each in found)
    assert list(request.documents(kind, {}, ())) == found


def test_networks_and_pools_by_name(connection, calls):
    request = Request(connection)
    (lab,) = get(request, "NetworkXML", name="lab")
    assert get(request, "NetworkXML", name="lab") == [lab]
    assert get(request, "NetworkXML", name="none") == get(request, "NetworkXML", name="a\0") == []
    assert get(request, "NetworkXML", name="none") == []
    (pool,) = get(request, "PoolXML", name="images")
    assert get(request, "PoolXML", uuid=pool.root.findtext("uuid")) == [pool]
    assert get(request, "PoolXML", uuid="none") == []
    assert calls == {"networkLookupByName": 3, "Network.XMLDesc": 1,
                     "storagePoolLookupByName": 1, "StoragePool.XMLDesc": 1}
    (stub,) = request.documents("NetworkXML", {"/network/name": "far"}, ("name",))
    assert [child.tag for child in stub.root] == ["name", "uuid"]
    assert calls["Network.XMLDesc"] == 1


def test_volumes(connection, calls):
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
def test_a_missing_volume_is_no_document(connection, known):
    connection.handle.storagePoolLookupByName("old").destroy()
    assert list(Request(connection).documents("VolumeXML", known, ())) == []
    assert len(get(Request(connection), "VolumeXML")) == 2


def test_things_that_vanished_are_skipped(connection):
    request = Request(connection)
    found = request.documents("VolumeXML", {"/volume/@pool": "images"}, ())
    first = next(found).root.findtext("name")
    other = ({"a.img", "b.img"} - {first}).pop()
    connection.handle.storagePoolLookupByName("images").storageVolLookupByName(other).delete(0)
    assert list(found) == []


def test_without_a_driver_there_are_no_documents(connection, monkeypatch):
    refused = breaking(failing(libvirt.VIR_ERR_NO_SUPPORT))
    for name in ("listAllStoragePools", "storageVolLookupByPath", "getCapabilities", "getInfo",
                 "listAllDomains"):
        monkeypatch.setattr(libvirt.virConnect, name, refused)
    request = Request(connection)
    for kind in ("PoolXML", "VolumeXML", "CapsXML", "DomainXML"):
        assert get(request, kind) == []
    assert list(request.documents("VolumeXML", {"/volume/target/path": "/images/a.img"}, ())) == []
    (node,) = request.documents("NodeInfo", {}, ())
    assert [child.tag for child in node.root] == ["name"]


# connection and errors


@pytest.mark.parametrize("name, status", [
    ("NO_DOMAIN", Status.NOT_FOUND), ("NO_STORAGE_VOL", Status.NOT_FOUND),
    ("NO_NETWORK", Status.NOT_FOUND), ("NO_DOMAIN_SNAPSHOT", Status.NOT_FOUND),
    ("ACCESS_DENIED", Status.ACCESS_DENIED), ("AUTH_FAILED", Status.ACCESS_DENIED),
    ("OPERATION_DENIED", Status.ACCESS_DENIED), ("AUTH_UNAVAILABLE", Status.ACCESS_DENIED),
    ("NO_SUPPORT", Status.NOT_SUPPORTED), ("OPERATION_UNSUPPORTED", Status.NOT_SUPPORTED),
    ("XML_ERROR", Status.INVALID_PARAMETER), ("XML_DETAIL", Status.INVALID_PARAMETER),
    ("CONF_SYNTAX", Status.INVALID_PARAMETER), ("INVALID_ARG", Status.INVALID_PARAMETER),
    ("XML_INVALID_SCHEMA", Status.INVALID_PARAMETER),
    ("CONFIG_UNSUPPORTED", Status.INVALID_PARAMETER),
    ("DOM_EXIST", Status.ALREADY_EXISTS), ("STORAGE_VOL_EXIST", Status.ALREADY_EXISTS),
    ("OPERATION_INVALID", Status.FAILED), ("INTERNAL_ERROR", Status.FAILED),
])
def test_error_table(name, status):
    with pytest.raises(Error) as caught, error.reported("disk: "):
        raise failing(getattr(libvirt, f"VIR_ERR_{name}"))
    assert caught.value.status == status and caught.value.text == "disk: no luck"
    assert caught.value.__suppress_context__


def test_every_name_in_the_table_is_libvirts():
    names = [name for names in error._CODES.values() for name in names.split()]
    known = [name for name in names if hasattr(libvirt, f"VIR_ERR_{name}")]
    assert len(names) == len(set(names)) and len(known) == len(error.STATUS)
    assert set(names) - set(known) <= {"NO_NETWORK_METADATA"}  # libvirt 9.7


def test_an_error_without_a_code():
    assert error.translated(libvirt.libvirtError("made")).status == Status.FAILED


def test_a_call_this_libvirt_lacks(connection):
    with pytest.raises(Error, match=r"no virConnect\.fly") as caught:
        error.method(connection.handle, "fly")
    assert caught.value.status == Status.NOT_SUPPORTED
    assert error.method(connection.handle, "getHostname")() == connection.hostname


@pytest.mark.parametrize("uri", ["nonsense:///", "test:///no/such/file.xml", "a\0b", "\ud800"])
def test_no_connection(uri):
    connection = Connection(uri)
    for _ in range(2):
        with pytest.raises(Error, match="cannot connect to ") as caught:
            get(Request(connection), "DomainXML")
        assert caught.value.status == Status.FAILED and "\n" not in caught.value.text
        assert uri in caught.value.text or repr(uri) in caught.value.text


@pytest.mark.parametrize("driver, prefix", [
    ("QEMU", "KVM"), ("Xen", "Xen"), ("LXC", "LXC"), ("TEST", "Virt"), ("BHYVE", "Virt"),
])
def test_prefix(monkeypatch, driver, prefix):
    monkeypatch.setattr(libvirt.virConnect, "getType", lambda self: driver)
    connection = Connection("test:///default")
    assert (connection.type, connection.prefix) == (driver, prefix)


def test_opened_when_used_and_kept(connection, monkeypatch):
    opened = []
    original = libvirt.open
    monkeypatch.setattr(libvirt, "open", lambda uri: opened.append(uri) or original(uri))
    assert not opened
    assert connection.handle is connection.handle and opened == [connection.uri]
    connection.close()
    assert len(get(Request(connection), "DomainXML")) == len(GUESTS) and len(opened) == 2


def test_read_only(connection):
    reader = Connection(connection.uri, read_only=True)
    with pytest.raises(Error) as caught, reader.use() as virt:
        virt.lookupByName("off").create()
    assert caught.value.status == Status.ACCESS_DENIED


def test_closed_underneath_it_is_opened_again():
    connection = Connection("test:///default")
    assert len(get(Request(connection), "DomainXML")) == 1
    connection.handle.close()
    assert len(get(Request(connection), "DomainXML")) == 1


def test_a_lost_connection_fails_one_request(connection, monkeypatch):
    request = Request(connection)
    found = request.documents("DomainXML", {}, ())
    next(found)
    first = connection.handle
    lost = failing(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, "Cannot recv data: reset")
    with monkeypatch.context() as patch:
        patch.setattr(libvirt.virDomain, "XMLDesc", breaking(lost))
        patch.setattr(first, "isAlive", lambda: 0, raising=False)
        with pytest.raises(Error) as caught:
            next(found)
    assert caught.value.status == Status.FAILED
    assert caught.value.text == (
        f"the connection to {connection.uri} was lost: Cannot recv data: reset")
    assert len(get(Request(connection), "DomainXML")) == len(GUESTS)
    assert connection.handle is not first


def test_a_daemons_own_connection_is_not_ours(connection, monkeypatch):
    first = connection.handle
    far = failing(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, "cannot reach hostb")
    with pytest.raises(Error, match="^cannot reach hostb$"):
        connection.call(breaking(far))
    assert connection.handle is first


def test_silence_and_late_import():
    code = """
import sys, libvirt_cim.request
assert "libvirt" not in sys.modules
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.request import Request
request = Request(Connection("test:///default"))
assert not list(request.documents("DomainXML", {"/domain/name": "nobody"}, ()))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# a shelf


def test_shelf():
    off = Document(("DomainConfigXML", "DomainXML"), parse("<domain><name>a</name></domain>"))
    runs = Document(("DomainXML",), parse("<domain><name>b</name></domain>"))
    volume = Document(("VolumeXML",), parse("<volume pool='p'><name>a</name></volume>"))
    shelf = Shelf([off, runs, volume])
    assert off.source is shelf
    assert get(shelf, "DomainXML") == [off, runs] and get(shelf, "DomainConfigXML") == [off]
    assert get(shelf, "DomainXML", name="b") == [runs]
    assert get(shelf, "DomainConfigXML", name="b") == get(shelf, "DomainXML", name="c") == []
    known = {"/volume/@pool": "p"}
    assert list(shelf.documents("VolumeXML", known, ())) == [volume]
    assert list(shelf.documents("VolumeXML", {"/volume/@pool": "q"}, ())) == []
    assert list(shelf.documents("VolumeXML", {"/volume/x[@y]": "q"}, ())) == [volume]
    assert list(shelf.every(("DomainXML", "DomainConfigXML"), {}, ())) == [off, runs]
