# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to guests, as indications: one after the other, whatever has come of it since."""

from __future__ import annotations

from typing import Any

import pytest

from libvirt_cim.cim import Instance
from libvirt_cim.hypervisor.event import Happening
from libvirt_cim.schema import load
from libvirt_cim.service.lifecycle import Guests

ID = "11111111-2222-4333-8444-555555555555"
XML = f"""<domain type='kvm'><name>web</name><uuid>{ID}</uuid>
<devices><graphics type='vnc' port='5901'/></devices></domain>"""
STATES = {"started": "running", "suspended": "paused", "resumed": "running", "stopped": "shutoff",
          "shutdown": "shutdown", "pmsuspended": "pmsuspended", "crashed": "crashed"}


def happened(kind: str, name: str = "web", xml: Any = XML, **more: Any) -> Happening:
    return Happening(kind, name, ID, **{"state": STATES.get(kind), "xml": xml, **more})


def shown(found: Instance) -> str:
    """An indication in short: what it is, and the state that it tells of."""
    what = found.class_name.replace("KVM_ComputerSystem", "").replace("Indication", "")
    before = found.get("PreviousInstance")
    states = [each["EnabledState"] for each in (before, found["SourceInstance"]) if each]
    return f"{what} {'-'.join(map(str, states))}"


@pytest.fixture
def guests() -> Guests:
    found = Guests(load("KVM"), "root/virt", "host1")
    assert list(found.told([])) == []
    return found


def told(guests: Guests, *kinds: str, **more: Any) -> list[str]:
    return [shown(each) for kind in kinds for each in guests.told(happened(kind, **more))]


def test_a_guest_from_beginning_to_end(guests: Guests) -> None:
    assert told(guests, "defined", "started", "suspended", "resumed", "shutdown", "stopped",
                "undefined") == [
        "Created 3", "Modified 3-2", "Modified 2-9", "Modified 9-2", "Modified 2-4",
        "Modified 4-3", "Deleted 3"]
    assert told(guests, "undefined", "stopped", "shutdown", "crashed") == []


def test_what_is_gone_already_is_told_all_the_same(guests: Guests) -> None:
    assert told(guests, "defined", "started", "stopped", "undefined", xml=None) == [
        "Created 3", "Modified 3-2", "Modified 2-3", "Deleted 3"]


def test_a_guest_that_does_not_last(guests: Guests) -> None:
    assert told(guests, "started", "suspended", "stopped") == [
        "Created 2", "Modified 2-9", "Deleted 9"]
    assert told(guests, "started", "defined", "stopped", "undefined") == [
        "Created 2", "Modified 2-2", "Modified 2-3", "Deleted 3"]


def test_undefined_while_it_runs_it_goes_when_it_stops(guests: Guests) -> None:
    assert told(guests, "defined", "started") == ["Created 3", "Modified 3-2"]
    assert told(guests, "undefined", state="running") == []
    assert told(guests, "suspended", "stopped") == ["Modified 2-9", "Deleted 9"]
    assert told(guests, "started", "defined", "undefined", "stopped") == [  # it has gone meanwhile
        "Created 2", "Modified 2-2", "Deleted 2"]


def test_another_name_is_another_guest(guests: Guests) -> None:
    assert told(guests, "defined") == ["Created 3"]
    renamed = XML.replace("web", "www")
    assert told(guests, "undefined") == ["Deleted 3"]  # as libvirt tells it, with the old name
    assert told(guests, "defined", name="www", xml=renamed) == ["Created 3"]
    assert told(guests, "defined") == ["Deleted 3", "Created 3"]


def test_states_that_are_not_off_or_on(guests: Guests) -> None:
    assert told(guests, "defined", "started", "pmsuspended", "started", "crashed") == [
        "Created 3", "Modified 3-2", "Modified 2-1", "Modified 1-2", "Modified 2-3"]
    saved = happened("stopped", state="saved")
    assert [shown(each) for each in guests.told(saved)] == ["Modified 3-6"]
    assert told(guests, "undefined") == ["Deleted 6"]


def test_what_does_not_change_is_not_told(guests: Guests) -> None:
    assert told(guests, "defined", "started", "started", "resumed") == [
        "Created 3", "Modified 3-2"]
    assert told(guests, "defined") == ["Modified 2-2"]  # its configuration did


def test_what_an_indication_says(guests: Guests) -> None:
    (created,) = guests.told(happened("defined"))
    assert created.class_name == "KVM_ComputerSystemCreatedIndication"
    assert created["SourceInstanceModelPath"] == (
        'root/virt:KVM_ComputerSystem.CreationClassName="KVM_ComputerSystem",Name="web"')
    assert created["SourceInstanceHost"] == "host1"
    assert created["SourceInstance"]["Caption"] == "Virtual System (Console on vnc://host1:5901)"
    assert created["SourceInstance"]["UUID"] == ID
    assert len(created["IndicationTime"]) == 25 and created["IndicationTime"].endswith("+000")
    (started,) = guests.told(happened("started"))
    assert started["IndicationIdentifier"] != created["IndicationIdentifier"]
    assert started["PreviousInstance"] == created["SourceInstance"]
    assert started["ChangedPropertyNames"] == [
        "EnabledState", "HealthState", "OperationalStatus", "OperatingStatus"]
    (defined,) = guests.told(happened("defined"))
    assert defined.get("ChangedPropertyNames") is None


def test_after_a_pause_the_difference_is_told() -> None:
    guests = Guests(load("KVM"), "root/virt", "host1")
    other = ID.replace("5", "6")
    gone = Happening("defined", "gone", other, "shutoff",
                     XML.replace(ID, other).replace("web", "gone"))
    assert list(guests.told([happened("defined", state="running"), gone])) == []
    new = Happening("defined", "new", ID.replace("5", "7"), "paused",
                    XML.replace(ID, ID.replace("5", "7")).replace("web", "new"), False)
    found = [*guests.told([happened("defined", state="shutoff"), new])]
    assert [shown(each) for each in found] == ["Deleted 3", "Modified 2-3", "Created 9"]
    assert list(guests.told([happened("defined", state="shutoff"), new])) == []
    (deleted,) = guests.told(new._replace(kind="stopped", state="shutoff"))
    assert shown(deleted) == "Deleted 9"
