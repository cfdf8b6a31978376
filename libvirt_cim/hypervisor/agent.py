# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the agent in a guest says of the guest's own system. It is asked only where it is there.

libvirt's dotted names of facts (os.name, fs.0.mountpoint) become a document as statistics do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from ..tree import Element, carriable
from . import document
from .error import Libvirt, libvirt, lost
from .guest import Guest

CHANNEL = "org.qemu.guest_agent.0"
# Seconds for one answer. libvirt waits for ever by default, so that a guest could hold us; this
# holds for all that ask this guest's agent, so it leaves time for a file system freeze.
TIMEOUT = 30
_ABSENT = (libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_OPERATION_INVALID)
_FAMILIES = {libvirt.VIR_IP_ADDR_TYPE_IPV4: "ipv4", libvirt.VIR_IP_ADDR_TYPE_IPV6: "ipv6"}
_SOURCE = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT
Facts = Mapping[str, Any]


class _Silent(Exception):
    """The agent no longer answers."""


def connected(live: Element) -> bool:
    """Whether, by a guest's live document, an agent has opened its end of the channel."""
    return any(target.get("name") == CHANNEL and target.get("state") == "connected"
               for target in live.iterfind("devices/channel/target"))


def said(guest: Guest) -> Element:
    """The <guest> of all that its agent tells; what it does not know is absent."""
    told: dict[str, Any] = {}
    try:
        _told(guest, "agentSetResponseTimeout", TIMEOUT, 0)
        told.update(_told(guest, "guestInfo", 0, 0) or _one_by_one(guest))
        if not any(name.startswith("if.") for name in told):
            told.update(_interfaces(_told(guest, "interfaceAddresses", _SOURCE, 0) or {}))
    except _Silent:
        pass
    return document.stats("guest", {"name": guest.name}, {
        name: _text(value) for name, value in {**told, **dict(_derived(told))}.items()
        if not name.endswith(".count")  # how many elements there are
    })


def _text(value: Any) -> str:
    """A fact as XML can carry it: what a guest says may be any text."""
    return carriable(str(value), "\ufffd")


def _told(guest: Guest, name: str, *arguments: Any) -> Any:
    """What one call gives; None where the agent or the driver can't."""
    with guest.guests.connection.use() as virt:
        try:
            return getattr(guest.handle, name)(*arguments)
        except Libvirt as error:
            if lost(error, virt):
                raise
            if error.get_error_code() in _ABSENT:
                raise _Silent from None
            return None


def _one_by_one(guest: Guest) -> Facts:
    """What calls older than virDomainGetGuestInfo tell."""
    hostname = _told(guest, "hostname", 0)
    return {**({"hostname": hostname} if hostname else {}),
            **dict(_file_systems(_told(guest, "fsInfo", 0) or ()))}


def _file_systems(found: Any) -> Iterator[tuple[str, Any]]:
    for number, (mountpoint, name, kind, disks) in enumerate(found):
        yield f"fs.{number}.mountpoint", mountpoint
        yield f"fs.{number}.name", name
        yield f"fs.{number}.fstype", kind
        for index, alias in enumerate(disks or ()):
            yield f"fs.{number}.disk.{index}.alias", alias


def _interfaces(found: Mapping[str, Any]) -> Facts:
    told = {}
    for number, (name, interface) in enumerate(found.items()):
        told[f"if.{number}.name"] = name
        if interface.get("hwaddr"):
            told[f"if.{number}.hwaddr"] = interface["hwaddr"]
        for index, address in enumerate(interface.get("addrs") or ()):
            place = f"if.{number}.addr.{index}"
            told[f"{place}.type"] = _FAMILIES.get(address["type"], "unknown")
            told[f"{place}.addr"] = address["addr"]
            told[f"{place}.prefix"] = address["prefix"]
    return told


def _derived(told: Facts) -> Iterator[tuple[str, Any]]:
    """The same facts in the terms in which others ask for them."""
    for name, value in told.items():
        place, _, last = name.rpartition(".")
        if name == "user.count":
            yield "users", value
        elif name == "timezone.offset":
            yield "timezone.minutes", value // 60
        elif last == "used-bytes" and f"{place}.total-bytes" in told:
            yield f"{place}.free-bytes", told[f"{place}.total-bytes"] - value
        elif last == "prefix" and told.get(f"{place}.type") == "ipv4" and value <= 32:
            yield f"{place}.netmask", str(IPv4Network((0, value)).netmask)
