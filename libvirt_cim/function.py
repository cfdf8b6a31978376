# SPDX-License-Identifier: LGPL-2.1-or-later
"""The few values that no expression can spell. Each is counted in a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from .cim import Value
from .ground import Document
from .tree import Element
from .value import amount

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


def identifying_info(domain: Element, document: Document, prefix: str) -> Value:
    """OtherIdentifyingInfo beside IdentifyingDescriptions Type, Model, UUID."""
    return ["Virtual System", f"{prefix} Virtual System", domain.findtext("uuid") or ""]


def identifying_descriptions(domain: Element, document: Document, prefix: str) -> Value:
    """What identifying_info says; a default in the class would do, if sfcb could read one."""
    return ["Type", "Model", "UUID"]


EXPANSIONS: dict[str, Callable[[Element], list[Element]]] = {"processors": processors}
FUNCTIONS: dict[str, Callable[[Element, Document, str], Value]] = {
    "caption": caption,
    "identifying_descriptions": identifying_descriptions,
    "identifying_info": identifying_info,
}


def expanded(name: str, origin: Element, document: Document) -> list[Element]:
    """What an expansion makes of an element of a document, the same each time it is asked for."""
    found: list[Element] = document.once((name, origin), lambda: EXPANSIONS[name](origin))
    return found
