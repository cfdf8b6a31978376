# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts of libvirt's test driver with many guests, read by a provider."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
from lxml import etree
from measure import GUEST, Figure, Job, Report, least, resident

import libvirt_cim

DISK, SYSTEM = "Virt_LogicalDisk", "Virt_ComputerSystem"
TARGET = 1.5  # of EnumerateInstances
MANY = 1000  # from how many guests on it counts


def reports(counts: Sequence[int], seconds: float) -> Iterator[Report]:
    """A table for each number of guests, and the memory that the largest takes."""
    for count in counts:
        with host(count) as uri:
            yield _times(uri, count, seconds)
    with host(max(counts)) as uri:
        yield _memory(uri, max(counts))


@contextmanager
def host(count: int) -> Iterator[str]:
    """The URI of a host with that many guests like guest.xml."""
    guest = etree.parse(str(GUEST)).getroot()
    guest.set("type", "test")
    del guest.attrib["id"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "host.xml")
        with path.open("w", encoding="utf-8") as file:
            file.write("<node>\n")
            file.writelines(_guest(guest, number) for number in range(count))
            file.write("</node>\n")
        yield f"test://{path}"


def _guest(guest: Any, number: int) -> str:
    guest.find("name").text = f"guest{number:04d}"
    guest.find("uuid").text = f"00000000-0000-4000-8000-{number:012d}"
    return etree.tostring(guest, encoding="unicode")


# times

def _times(uri: str, count: int, seconds: float) -> Report:
    virt = libvirt.open(uri)
    last = f"guest{count - 1:04d}"
    floors: dict[str, Job] = {"all": lambda: _all(virt), "one": lambda: _one(virt, last)}
    with libvirt_cim.connect(uri) as provider:
        jobs = _jobs(provider, last)
        times = least({**floors, **jobs}, seconds)
    figures = []
    for name in jobs:
        floor = times["one" if name.startswith("GetInstance") else "all"]
        target = TARGET if name == f"EnumerateInstances {DISK}" and count >= MANY else None
        figures.append(Figure(name, times[name], floor, target))
    heading = f"enumerate: {count} guests; floor: list, or look up, and XMLDesc and parse each"
    return Report(heading, figures)


def _jobs(provider: Any, last: str) -> dict[str, Job]:
    path = next(each for each in provider.enumerate_instance_names(DISK)
                if each.keys["SystemName"] == last)
    return {
        f"EnumerateInstances {DISK}": lambda: _drain(provider.enumerate_instances(DISK)),
        f"EnumerateInstanceNames {DISK}": lambda: _drain(provider.enumerate_instance_names(DISK)),
        f"EnumerateInstances {SYSTEM}": lambda: _drain(provider.enumerate_instances(SYSTEM)),
        f"EnumerateInstanceNames {SYSTEM}": lambda: _drain(
            provider.enumerate_instance_names(SYSTEM)),
        f"GetInstance {DISK}": lambda: provider.get_instance(path),
    }


def _all(virt: Any) -> None:
    for domain in virt.listAllDomains(0):
        etree.fromstring(domain.XMLDesc(0))


def _one(virt: Any, name: str) -> None:
    etree.fromstring(virt.lookupByName(name).XMLDesc(0))


def _drain(found: Iterator[Any]) -> None:
    for _ in found:
        pass


# memory, each in a process of its own

def _memory(uri: str, count: int) -> Report:
    figures = [
        Figure(f"{DISK}, {job}", resident("hosts", job, uri), resident("hosts", floor, uri),
               unit="B")
        for job, floor in (("streamed", "parsed"), ("held", "kept"))
    ]
    return Report(f"peak memory: {count} guests; floor: their documents, parsed or kept", figures)


def streamed(uri: str) -> Job:
    """Every disk, one after the other."""
    provider = _ready(uri)
    return lambda: _drain(provider.enumerate_instances(DISK))


def held(uri: str) -> Job:
    """Every disk at once."""
    provider = _ready(uri)
    return lambda: list(provider.enumerate_instances(DISK))


def parsed(uri: str) -> Job:
    """Every document, one after the other."""
    virt = libvirt.open(uri)
    return lambda: _all(virt)


def kept(uri: str) -> Job:
    """Every document at once."""
    virt = libvirt.open(uri)
    return lambda: [etree.fromstring(each.XMLDesc(0)) for each in virt.listAllDomains(0)]


def _ready(uri: str) -> Any:
    """A provider that has its connection and its tables."""
    provider = libvirt_cim.connect(uri)
    next(provider.enumerate_instance_names(SYSTEM))
    next(provider.enumerate_instances(DISK))
    return provider
