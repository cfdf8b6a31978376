# SPDX-License-Identifier: LGPL-2.1-or-later
"""The few values that no expression can spell. Each is counted in a test."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterator
from typing import Callable, NamedTuple

from lxml import etree

from . import resource, tree
from .cim import Value
from .ground import Document
from .tree import Element
from .value import amount

_HEX = re.compile("[0-9A-Fa-f]{1,2}")  # a byte of a MAC address
_MOST_PROCESSORS = 65535  # the largest that libvirt's grammar has a type for


def processors(vcpu: Element) -> list[Element]:
    """The virtual processors of a guest: `<vcpu id='0'/>` …, one for each that is plugged in."""
    listed = vcpu.getparent().find("vcpus") if vcpu.getparent() is not None else None
    if listed is not None and len(listed):
        ids = [each.get("id") or "" for each in listed.iterchildren("vcpu")
               if each.get("enabled", "yes") == "yes"]
    else:
        count = amount(vcpu.get("current") or vcpu.text or "") or 0
        ids = [str(number) for number in range(count if count <= _MOST_PROCESSORS else 0)]
    return [vcpu.makeelement("vcpu", id=each) for each in ids]


class Metric(NamedTuple):
    """Where a metric of the catalog stands in the documents of statistics."""

    id: str
    element: str  # libvirt's name of what is measured
    root: str
    first: str  # the name below the root; there is one of it for each device
    below: str
    attribute: str
    dimension: str  # what its values are one each of, if that is no device


@functools.cache
def _catalog() -> tuple[Metric, ...]:
    found = []
    for each in tree.parse(resource.text("xml/catalog/metric.xml")).iterchildren("metric"):
        _, root, first, *below, attribute = each.get("at").split("/")
        found.append(Metric(each.get("id"), each.get("element"), root, first, "/".join(below),
                            attribute[1:], each.findtext("breakdown", "")))
    return tuple(found)


def metrics(stats: Element) -> list[Element]:
    """The values of all metrics: `<value metric='' element='' id=''>number</value>` ….

    A device's has @device, its name or number; @measured is the guest, and the device behind it.
    One part of several has @dimension and @part instead.
    """
    found = stats.makeelement("values")
    for metric in _catalog():
        for place in stats.iterchildren(metric.first) if metric.root == stats.tag else ():
            _measure(found, metric, place)
    return list(found)


def _measure(found: Element, metric: Metric, place: Element) -> None:
    """Add a metric's values of one device, or of the whole."""
    device = place.get("name", place.get("id"))
    whole = place.getparent().findtext("name")
    said = {"metric": metric.id, "element": metric.element}
    if metric.dimension:
        said.update(dimension=metric.dimension, part=device or "", measured=whole)
    elif device is not None:
        said.update(device=device, measured=f"{whole}/{device}")
    else:
        said["measured"] = whole
    said["id"] = metric.id if device is None else f"{device}/{metric.id}"
    for leaf in place.iterfind(metric.below) if metric.below else (place,):
        number = leaf.get(metric.attribute)
        if number is not None:
            etree.SubElement(found, "value", said).text = number


def caption(domain: Element, document: Document, prefix: str) -> Value:
    """libvirt-cim's Caption of a guest: where its first console is."""
    graphics = domain.find("devices/graphics")
    if graphics is None:
        return "Virtual System (No console)"
    host = next(iter(_host(document)), "")
    port = graphics.get("port", "-1")
    return f"Virtual System (Console on {graphics.get('type', '')}://{host}:{port})"


def _host(document: Document) -> Iterator[str]:
    for node in document.source.documents("NodeInfo", {}, ("name",)):
        yield node.root.findtext("name") or ""


def input_caption(device: Element, document: Document, prefix: str) -> Value:
    """libvirt-cim's Caption of an input device: its bus and what it is."""
    bus = _BUSES.get(device.get("bus", ""), "Unknown bus")
    return f"{bus} {_INPUTS.get(device.get('type', ''), 'Unknown device type')}"


_BUSES = {"ps2": "PS2", "usb": "USB", "xen": "Xen", "virtio": "Virtio", "parallels": "Parallels"}
_INPUTS = {"mouse": "Mouse", "tablet": "Tablet", "keyboard": "Keyboard"}


def identifying_info(domain: Element, document: Document, prefix: str) -> Value:
    """OtherIdentifyingInfo beside IdentifyingDescriptions Type, Model, UUID."""
    return ["Virtual System", f"{prefix} Virtual System", domain.findtext("uuid") or ""]


def identifying_descriptions(domain: Element, document: Document, prefix: str) -> Value:
    """What identifying_info says; a default in the class would do, if sfcb could read one."""
    return ["Type", "Model", "UUID"]


def video_processor(graphics: Element, document: Document, prefix: str) -> Value:
    """libvirt-cim's VideoProcessor of a graphical console: what it is, and where it listens."""
    kind, host, port = (graphics.get(name) or "" for name in ("type", "listen", "port"))
    host = f"[{host}]" if ":" in host else host
    return f"{kind}/{host}:{port}" if host and port else kind or None


def listening(console: Element, document: Document, prefix: str) -> Value:
    """The EnabledState of a console: 6 where a client can connect, 3 where there is nothing yet.

    That a client is connected (2), libvirt does not say.
    """
    if not document.root.get("id"):
        return 3
    ports = (console.get(name) or "" for name in ("port", "tlsPort", "websocket"))
    reached = (any(each.get("path") is not None for each in console.iterchildren("source"))
               or console.get("socket") or any(port.isdecimal() and int(port) for port in ports))
    return 6 if reached else 3


def octets(text: str, tag: str) -> Value:
    """The bytes of a MAC or IP address, or of a mask that may be the length of a prefix.

    `tag` is the element it is of: a filter's rules for IPv6 are named so. What libvirt puts in
    later ($IP) has none.
    """
    if text.isdigit() and text.isascii():
        return _mask(int(text), 128 if tag.endswith("v6") else 32)
    if text.count(":") == 5 and "::" not in text:
        parts = text.split(":")
        if all(_HEX.fullmatch(each) for each in parts):
            return [int(each, 16) for each in parts]
    try:
        return list(ipaddress.ip_address(text).packed)
    except ValueError:
        return None


def _mask(length: int, bits: int) -> Value:
    """The mask of a prefix of so many bits."""
    if length > bits:
        return None
    return list(((1 << bits) - (1 << (bits - length))).to_bytes(bits // 8, "big"))


def single(text: str, tag: str) -> Value:
    """A number as the list that CIM has for it."""
    number = amount(text)
    return None if number is None else [number]


EXPANSIONS: dict[str, Callable[[Element], list[Element]]] = {
    "metrics": metrics, "processors": processors,
}
OF_TEXT: dict[str, Callable[[str, str], Value]] = {"octets": octets, "single": single}
FUNCTIONS: dict[str, Callable[[Element, Document, str], Value]] = {
    "caption": caption,
    "identifying_descriptions": identifying_descriptions,
    "identifying_info": identifying_info,
    "input_caption": input_caption,
    "listening": listening,
    "video_processor": video_processor,
}


def expanded(name: str, origin: Element, document: Document) -> list[Element]:
    """What an expansion makes of an element of a document, the same each time it is asked for."""
    found: list[Element] = document.once((name, origin), lambda: EXPANSIONS[name](origin))
    return found
