# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's type changed: what hung on the old one goes, and libvirt's grammar still holds.

What it would not accept is refused, and nothing else is.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import pytest
from lxml import etree
from rng import Grammar

from libvirt_cim import schema
from libvirt_cim.cim import Error, Instance
from libvirt_cim.ground import Document
from libvirt_cim.table import Table
from libvirt_cim.write import Write, modify

GRAMMAR = Path("/usr/share/libvirt/schemas/domain.rng")
DISK = "Virt_DiskResourceAllocationSettingData"
NET = "Virt_NetResourceAllocationSettingData"
GUEST = """<domain type='kvm'><name>g</name><memory>1</memory><os><type>hvm</type></os><devices/>
</domain>"""
STEP = 40  # every so manieth document, unless all are asked for
HOST = Instance("Virt_DiskHost", {"Name": "h"})
SOCKET = Instance("Virt_DiskHost", {"Transport": "unix", "Socket": "/s"})
SERVED = {"Address": "a", "SourceHosts": [HOST]}
NFS = {**SERVED, "SourceProtocol": "nfs", "IdentityUser": "u"}
PCI = {"SourceDomain": "0x0000", "SourceBus": "0x01", "SourceSlot": "0x00", "SourceFunction": "0x0"}
SOCKETS = {"SourceAddress": "192.0.2.1", "SourcePort": 5558}
Types = dict[str, list[dict[str, Any]]]
# What each type needs, in every way that there is.
DISK_TYPES: Types = {
    "file": [{"Address": "/a"}], "block": [{"Address": "/dev/a"}], "dir": [{"Address": "/a"}],
    "volume": [{"Address": "pool/volume"}], "vhostuser": [{"Address": "/a"}],
    "vhostvdpa": [{"Address": "/dev/vhost-vdpa-0"}],
    "network": [
        {"SourceProtocol": "rbd"}, {"SourceProtocol": "rbd", "SourceHosts": [HOST, HOST]},
        {"SourceProtocol": "nbd", "SourceHosts": [SOCKET]},
        *({**SERVED, "SourceProtocol": each} for each in (
            "iscsi", "gluster", "sheepdog", "http", "https", "ftp", "ftps", "tftp", "vxhs")),
        NFS, {**NFS, "IdentityUser": None, "IdentityGroup": "g"}],
    "nvme": [{"SourceNamespace": 1, "Managed": "yes", **PCI}],
}
NET_TYPES: Types = {
    "network": [{"NetworkName": "n"}], "bridge": [{"NetworkName": "b"}],
    "internal": [{"NetworkName": "i"}], "direct": [{"NetworkName": "e", "NetworkMode": "bridge"}],
    "user": [{}], "ethernet": [{}], "null": [{}], "vdpa": [{"SourceDevice": "/dev/vhost-vdpa-0"}],
    "vhostuser": [{"SourcePath": "/s", "NetworkMode": "server"}],
    "mcast": [SOCKETS], "client": [SOCKETS], "server": [SOCKETS, {"SourcePort": 5558}],
    "udp": [{**SOCKETS, "LocalAddress": "127.0.0.1", "LocalPort": 5557}],
    "hostdev": [{"SourceType": "pci", **PCI},
                {"SourceType": "usb", "SourceBus": "0x01", "USBDevice": "0x02"}],
    "vds": [{"SwitchID": "4b3c2bcc-4ad1-4c6a-8d7a-8e0ee5b9b4a1", "PortID": -1,
             "PortGroupID": "g", "ConnectionID": 7}],
}
SORTS = (0, 1, 2, 4)  # disk, CD-ROM, floppy disk, LUN

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not GRAMMAR.exists(), reason=f"no RELAX NG in {GRAMMAR.parent}"),
]


@functools.cache
def grammar() -> Any:
    """libvirt's grammar of domain documents."""
    return etree.RelaxNG(etree.parse(str(GRAMMAR)))


@functools.cache
def types(class_name: str) -> Types:
    """What each type needs, of all the types that this libvirt has."""
    tag, needs = ("disk", DISK_TYPES) if class_name == DISK else ("interface", NET_TYPES)
    known = Grammar(GRAMMAR).values(f"/domain/devices/{tag}/@type")
    assert known and known <= set(needs)
    return {each: ways for each, ways in needs.items() if each in known}


def guests(table: Table) -> Iterator[Any]:
    """Small guests that the grammar accepts, each with one device of libvirt's documents."""
    seen = set()
    for name in corpus.sample(STEP):
        document = Document(table.kinds, corpus.parsed(name))
        tag = table.root_of(document)[-1]
        for node in table.nodes(document):
            guest = etree.fromstring(GUEST)
            guest[-1].append(copy.deepcopy(node))
            text = etree.tostring(guest)
            if node.tag == tag and text not in seen and grammar().validate(guest):
                yield guest
            seen.add(text)


def retyped(table: Table, guest: Any, sent: dict[str, Any]) -> Any:
    """A copy of a guest whose device is changed."""
    document = Document(table.kinds, copy.deepcopy(guest))
    modify(table, table.nodes(document)[0], document, sent)
    return document.root


def kept(table: Table, guest: Any, sent: dict[str, Any]) -> Any:
    """The guest changed; None where the change is refused in one line, as it has to be."""
    try:
        return retyped(table, guest, sent)
    except Error as error:
        assert re.fullmatch(rf"{table.name}\.\w+: .+ does not go with: .+", error.text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Write, "_check_constraints", lambda self, after: None)
        assert not grammar().validate(retyped(table, guest, sent)), (etree.tostring(guest), sent)
    return None


def changes(class_name: str, discriminator: str) -> list[dict[str, Any]]:
    """To each type: with all that it needs, with one thing less, with nothing."""
    found: list[dict[str, Any]] = [{discriminator: each} for each in (*types(class_name), None)]
    for name, ways in types(class_name).items():
        for way in ways:
            found.append({discriminator: name, **way})
            found += [{**found[-1], without: None} for without in way]
    return found


def wrong(class_name: str, discriminator: str, changes: list[dict[str, Any]]) -> list[Any]:
    """The changes after which the grammar refuses a guest that it accepted."""
    table = schema.load().tables[class_name]
    found, seen = [], {True: 0, False: 0}
    for guest in guests(table):
        for sent in changes:
            if sent.get(discriminator, "") == guest[-1][0].get("type"):
                continue  # the same type: the rest of its source is left alone
            changed = kept(table, guest, sent)
            seen[changed is None] += 1
            if changed is not None and not grammar().validate(changed):
                found.append((etree.tostring(guest[-1]), sent))
    assert min(seen.values()) > 10 and sum(seen.values()) > 100
    return found


def test_disk_types(documents: dict[str, bytes]) -> None:
    found = wrong(DISK, "DiskType", [
        *changes(DISK, "DiskType"), *({"EmulatedType": each} for each in SORTS),
        *({"DiskType": each, "EmulatedType": sort} for each in (*types(DISK), None)
          for sort in SORTS)])
    assert not found, found[:3]


def test_interface_types(documents: dict[str, bytes]) -> None:
    found = wrong(NET, "NetworkType", [
        *changes(NET, "NetworkType"), {"NetworkName": None}, {"SourceDevice": None}])
    assert not found, found[:3]


@pytest.mark.parametrize(("class_name", "device", "discriminator"), [
    (DISK, "<disk><target dev='vda'/></disk>", "DiskType"),
    (NET, "<interface type='user'/>", "NetworkType")])
def test_every_type_from_every_other(class_name: str, device: str, discriminator: str) -> None:
    """With what it needs each is reached, and nothing of the type before is left."""
    table = schema.load().tables[class_name]
    guest = etree.fromstring(GUEST)
    guest[-1].append(etree.fromstring(device))
    ways = [{discriminator: each, **way}
            for each, needs in types(class_name).items() for way in needs]
    made = [retyped(table, guest, way) for way in ways]
    for before, old in zip(ways, made):
        assert grammar().validate(old), etree.tostring(old)
        for after, new in zip(ways, made):
            if before[discriminator] != after[discriminator]:
                found = retyped(table, old, after)
                assert etree.tostring(found) == etree.tostring(new), (before, after)
