# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where consoles are reached, of a guest as libvirt describes it while it runs, and while not."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from libvirt_cim import association, schema
from libvirt_cim.ground import Document

LISTENING, DISABLED = 6, 3


def guest(device: str, active: bool) -> Document:
    """A guest with one device."""
    number = "id='7'" if active else ""
    root = etree.fromstring(f"<domain type='kvm' {number}><name>g</name><devices>{device}"
                            "</devices></domain>")
    return Document(("DomainXML",) if active else ("DomainConfigXML", "DomainXML"), root)


def points(device: str, active: bool = True) -> list[dict[str, Any]]:
    """The access points of a guest with one device."""
    document = guest(device, active)
    return [table.instance(entry, document).properties
            for table in schema.load("KVM").below("CIM_ServiceAccessPoint")
            if table.kind_of(document) for entry in table.entries(document)]


@pytest.mark.parametrize(("device", "active", "state"), [
    ("<graphics type='vnc' port='5900' listen='127.0.0.1'/>", True, LISTENING),
    ("<graphics type='vnc' port='5900' listen='127.0.0.1'/>", False, DISABLED),
    ("<graphics type='vnc' port='-1' autoport='yes'/>", True, DISABLED),
    ("<graphics type='vnc' port='x'/>", True, DISABLED),
    ("<graphics type='vnc' socket='/run/vnc.sock'/>", True, LISTENING),
    ("<graphics type='spice' tlsPort='5901'/>", True, LISTENING),
    ("<graphics type='spice'><listen type='none'/></graphics>", True, DISABLED),
    ("<console type='pty'><source path='/dev/pts/1'/></console>", True, LISTENING),
    ("<console type='pty'/>", True, DISABLED),
    ("<console type='pty'><source path='/dev/pts/1'/></console>", False, DISABLED),
])
def test_state(device: str, active: bool, state: int) -> None:
    (point,) = points(device, active)
    assert point["EnabledState"] == state


@pytest.mark.parametrize(("device", "expected"), [
    ("<graphics type='vnc' port='5900' listen='::1'/>",
     {"CreationClassName": "KVM_KVMRedirectionSAP", "Name": "5900:0", "SystemName": "g",
      "KVMProtocol": 4, "OtherKVMProtocol": None, "Listen": "::1", "Port": 5900}),
    ("<graphics type='spice' port='5901' tlsPort='5902'/>",
     {"KVMProtocol": 1, "OtherKVMProtocol": "SPICE", "Port": 5901, "TLSPort": 5902}),
    ("<graphics type='rdp' port='3389'/>", {"KVMProtocol": 3, "OtherKVMProtocol": None}),
    ("<console type='pty'><source path='/dev/pts/1'/><target type='serial' port='0'/></console>",
     {"CreationClassName": "KVM_TextRedirectionSAP", "Name": "charconsole:0", "TextFlowType": 2,
      "SourcePath": "/dev/pts/1"}),
])
def test_access_point(device: str, expected: dict[str, Any]) -> None:
    (point,) = points(device)
    assert {name: point.get(name) for name in expected} == expected


@pytest.mark.parametrize("device", [
    "<graphics type='sdl'/>", "<graphics type='egl-headless'/>", "<console type='file'/>",
    "<serial type='pty'/>",
])
def test_what_cannot_be_reached(device: str) -> None:
    assert points(device) == []


@pytest.mark.parametrize(("device", "affected"), [
    ("<graphics type='vnc' port='5900'/>", ["KVM_ComputerSystem", "KVM_DisplayController"]),
    ("<input type='mouse' bus='usb'/>", ["KVM_ComputerSystem", "KVM_PointingDevice"]),
    ("<input type='keyboard' bus='usb'/>", ["KVM_ComputerSystem", "KVM_Keyboard"]),
    ("<video/>", ["KVM_ComputerSystem"]),
])
def test_affected_elements(device: str, affected: list[str]) -> None:
    """The guest and the devices of its console; neither settings nor access points."""
    tables, document = schema.load("KVM"), guest(device, active=True)
    table = tables.tables["KVM_ServiceAffectsElement"]
    found = [path.class_name for node in table.nodes(document)
             for path in association.targets(
                 tables, table.rows["AffectedElement"], node, document, "DomainXML")]
    assert found == affected
