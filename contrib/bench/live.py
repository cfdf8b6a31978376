# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real libvirtd, read by a provider: the one of a URI, or one of our own with many guests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

import libvirt
from lxml import etree
from measure import GUEST, ROOT, Figure, Job, Report, least

import libvirt_cim

sys.path.append(str(ROOT / "tests"))

DISKS, DEVICES, SYSTEMS = "CIM_LogicalDisk", "CIM_LogicalDevice", "CIM_ComputerSystem"
STATE = ["Name", "EnabledState", "RequestedState", "HealthState", "OperationalStatus"]
TARGET = 2.0
FLOORS = {  # what each is compared with
    f"EnumerateInstances {DISKS}": "documents",
    f"EnumerateInstances {DEVICES}": "documents",
    f"EnumerateInstances {SYSTEMS}, its state": "states",
    "GetInstance of a guest": "one",
    "GetInstance of a disk": "one",
    "Associators of a guest": "one",
}


def reports(counts: Sequence[int], seconds: float, uri: Optional[str]) -> Iterator[Report]:
    """A table for the host of a URI, or for each number of guests on a host of our own."""
    if uri is not None:
        yield _times(uri, seconds)
        return
    for _, own in hosts(counts):
        yield _times(own, seconds)


def hosts(counts: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Each number of guests, and the URI of a libvirtd of our own that has as many now."""
    with _host() as own:
        if own is None:
            return
        virt, made = libvirt.open(own), 0
        for count in sorted(counts):
            for number in range(made, count):
                virt.defineXML(guest(number))
            made = max(made, count)
            yield count, own


@contextmanager
def _host() -> Iterator[Optional[str]]:
    """The URI of a libvirtd of our own, as the tests start it; None where there can be none."""
    import libvirtd

    why = libvirtd.missing()
    if why is not None:
        print(f"live: {why}; or give --uri", file=sys.stderr)
        yield None
        return
    with libvirtd.running() as daemon:
        yield daemon.uri


def guest(number: int) -> str:
    """A guest like guest.xml, as it is before it is started, for a host without KVM."""
    root: Any = etree.parse(str(GUEST)).getroot()
    root.set("type", "qemu")
    del root.attrib["id"]
    root.find("name").text = f"guest{number:04d}"
    root.find("uuid").text = f"00000000-0000-4000-8000-{number:012d}"
    root.find("os/type").set("machine", "q35")
    for gone in ("cpu", "resource", "seclabel", "devices/emulator", "devices/*/alias"):
        for each in root.findall(gone):
            each.getparent().remove(each)
    return etree.tostring(root, encoding="unicode")


def _times(uri: str, seconds: float) -> Report:
    virt = libvirt.open(uri)
    count = len(virt.listAllDomains(0))
    with libvirt_cim.connect(uri) as provider:
        systems = [each for each in provider.enumerate_instance_names(SYSTEMS)
                   if each.class_name.endswith("_ComputerSystem")]
        jobs = _jobs(provider, systems[-1])
        times = least({**_floors(virt, systems[-1].keys["Name"]), **jobs}, seconds,
                      time.perf_counter)
    figures = [Figure(name, times[name], times[FLOORS[name]],
                      None if FLOORS[name] == "one" else TARGET) for name in jobs]
    return Report(f"live: {count} guests of {uri.partition('?')[0]}; floor: list, XMLDesc and "
                  "parse each; list and bulk statistics; look up, XMLDesc and parse", figures)


def _jobs(provider: Any, guest: Any) -> dict[str, Job]:
    disk = next((each for each in provider.enumerate_instance_names(DISKS)
                 if each.keys.get("SystemName") == guest.keys["Name"]), guest)
    jobs = [
        lambda: _drain(provider.enumerate_instances(DISKS)),
        lambda: _drain(provider.enumerate_instances(DEVICES)),
        lambda: _drain(provider.enumerate_instances(guest.class_name, property_list=STATE)),
        lambda: provider.get_instance(guest),
        lambda: provider.get_instance(disk),
        lambda: _drain(provider.associators(guest)),
    ]
    return dict(zip(FLOORS, jobs))


def _floors(virt: Any, name: str) -> dict[str, Job]:
    def documents() -> None:
        for domain in virt.listAllDomains(0):
            etree.fromstring(domain.XMLDesc(0))

    def states() -> None:
        virt.listAllDomains(0)
        virt.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE)

    return {"documents": documents, "states": states,
            "one": lambda: etree.fromstring(virt.lookupByName(name).XMLDesc(0))}


def _drain(found: Iterator[Any]) -> None:
    for _ in found:
        pass
