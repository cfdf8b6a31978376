# SPDX-License-Identifier: LGPL-2.1-or-later
"""DomainInfo: what libvirt says of a guest beside its document, each leaf at its own price."""

from __future__ import annotations

import pytest
from calls import Calls
from small_host import GUESTS, breaking, failing, roots

from libvirt_cim.hypervisor import document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request
from libvirt_cim.tree import text_of


def test_states(connection: Connection, calls: Calls) -> None:
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
def test_a_leaf_costs_its_own_call(
    connection: Connection, calls: Calls, wanted: tuple[str, ...], cost: dict[str, int]
) -> None:
    (found,) = Request(connection).documents("DomainInfo", {"/info/name": "runs"}, wanted)
    assert calls == {"lookupByName": 1, **cost}
    assert {child.tag for child in found.root} <= set(wanted)


def test_more_leaves_extend_the_element(connection: Connection, calls: Calls) -> None:
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


def test_flags_of_all_guests_come_from_listings(connection: Connection, calls: Calls) -> None:
    connection.handle.lookupByName("off").setAutostart(True)
    calls.clear()
    wanted = ("name", "persistent", "autostart", "managedsave")
    found = roots(Request(connection).documents("DomainInfo", {}, wanted))
    yes = {leaf: {name for name, root in found.items() if root.findtext(leaf) == "yes"}
           for leaf in wanted[1:]}
    assert yes == {"persistent": set(GUESTS) - {"passes"}, "autostart": {"off"},
                   "managedsave": {"sleeps"}}
    assert calls == {"listAllDomains": 4}


def test_without_bulk_calls_guests_are_asked_one_by_one(
    connection: Connection, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_states_and_reasons_are_libvirts() -> None:
    for number, name in enumerate(document.STATES):
        assert getattr(libvirt, f"VIR_DOMAIN_{name.upper()}") == number
        for reason, word in enumerate(document.REASONS[name]):
            constant = f"VIR_DOMAIN_{name}_{word}".upper().replace("-", "_")
            assert getattr(libvirt, constant, reason) == reason
            assert document.state(number, reason) == {"state": name, "reason": word}
    assert document.state(99, 0) == {"state": "nostate", "reason": "unknown"}
    assert document.state(1, 99) == {"state": "running", "reason": "unknown"}
