# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents damaged at random, the same for the same seed: what no test document of libvirt's has.

Every damage leaves well-formed XML with the root it had.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from lxml import etree

ODD = (
    "007", " 1 ", "", "x/y", "%2F", "%252f", "a%b", str(2**70), "-1", "+5", "1e3", "yes", "on",
    "0x10", "٣", "a\tb\nc", "a\rb", "&<>\"'", "\u00e9\U0001f600", "~2", "{name}", "active",
    "x/active", " ", "\n", "9" * 5000, "hvm", "utc", "file", "block", "volume", "network",
    "direct", "KiB", "GiB", "None", "-", ".", "..", "*",
)
FOREIGN = "urn:example:foreign"
Damage = Callable[[random.Random, Any], None]


def damaged(data: bytes, seed: str, most: int = 4) -> bytes:
    """The document with one to `most` damages."""
    chance = random.Random(seed)
    root = etree.fromstring(data, etree.XMLParser(strip_cdata=False))
    for _ in range(chance.randint(1, most)):
        chance.choice(DAMAGES)(chance, root)
    return etree.tostring(root, encoding="utf-8")


def _elements(root: Any) -> list[Any]:
    return list(root.iter(etree.Element))


def _below(chance: random.Random, root: Any) -> Any:
    """An element that is not the root, or None."""
    found = _elements(root)[1:]
    return chance.choice(found) if found else None


def _put(chance: random.Random, root: Any, element: Any) -> None:
    parent = chance.choice(_elements(root))
    parent.insert(chance.randint(0, len(parent)), element)


def duplicate(chance: random.Random, root: Any) -> None:
    """An element twice, side by side or apart."""
    element = _below(chance, root)
    if element is not None:
        parent = element.getparent()
        again = copy.deepcopy(element)
        again.tail = None
        parent.insert(chance.randint(0, len(parent)), again)


def twin(chance: random.Random, root: Any) -> None:
    """What a guest has once, twice, the second time empty, odd or the same."""
    found = root.find(chance.choice(
        ["name", "vcpu", "memory", "currentMemory", "uuid", "os", "features", "cputune", "clock",
         "metadata", "description", "devices", "os/type", "devices/emulator"]))
    if found is not None:
        again = copy.deepcopy(found)
        again.tail = None
        if chance.random() < 0.5:
            again.text = chance.choice(ODD)
        if chance.random() < 0.3:
            again.attrib.clear()
        found.getparent().insert(chance.choice([0, len(found.getparent())]), again)


def odd_attribute(chance: random.Random, root: Any) -> None:
    """An attribute with an odd value."""
    found = [each for each in _elements(root) if each.attrib]
    if found:
        element = chance.choice(found)
        element.set(chance.choice(list(element.attrib)), chance.choice(ODD))


def odd_text(chance: random.Random, root: Any) -> None:
    """A leaf with an odd text."""
    found = [each for each in _elements(root) if not len(each)]
    if found:
        chance.choice(found).text = chance.choice(ODD)


def odd_unit(chance: random.Random, root: Any) -> None:
    """An amount with a unit of libvirt's, or none."""
    found = [each for each in root if each.tag in ("memory", "currentMemory", "vcpu", "maxMemory")]
    if found:
        units = ("b", "bytes", "KB", "k", "kib", "MiB", "g", "EiB", "none", "")
        chance.choice(found).set("unit", chance.choice(units))


def new_attribute(chance: random.Random, root: Any) -> None:
    """An attribute that libvirt has not, of no namespace or a foreign one."""
    names = ("new", "type", "dev", "file", "unit", "current", "name", f"{{{FOREIGN}}}type")
    chance.choice(_elements(root)).set(chance.choice(names), chance.choice(ODD))


def new_element(chance: random.Random, root: Any) -> None:
    """An element that libvirt has not, or has elsewhere, perhaps of a foreign namespace."""
    name = chance.choice([
        "new", "source", "type", "disk", "vcpu", "memory", "name", "boot", "alias", "readonly",
        "acpi", f"{{{FOREIGN}}}disk", f"{{{FOREIGN}}}domain", "UnmappedXML",
    ])
    element = etree.Element(name)
    if chance.random() < 0.5:
        element.set("dev", chance.choice(ODD))
    if chance.random() < 0.5:
        element.text = chance.choice(ODD)
    _put(chance, root, element)


def shuffle(chance: random.Random, root: Any) -> None:
    """The children of an element in another order."""
    element = chance.choice(_elements(root))
    children = list(element)
    chance.shuffle(children)
    for child in children:
        child.tail = None
    element[:] = children


def delete_element(chance: random.Random, root: Any) -> None:
    """An element gone."""
    element = _below(chance, root)
    if element is not None:
        element.getparent().remove(element)


def delete_attribute(chance: random.Random, root: Any) -> None:
    """An attribute gone."""
    found = [each for each in _elements(root) if each.attrib]
    if found:
        element = chance.choice(found)
        del element.attrib[chance.choice(list(element.attrib))]


def move_attribute(chance: random.Random, root: Any) -> None:
    """An attribute on another element."""
    found = [each for each in _elements(root) if each.attrib]
    if found:
        element = chance.choice(found)
        name = chance.choice(list(element.attrib))
        chance.choice(_elements(root)).set(name, element.attrib.pop(name))


def move_element(chance: random.Random, root: Any) -> None:
    """An element below another one."""
    element = _below(chance, root)
    if element is not None:
        element.tail = None
        element.getparent().remove(element)
        _put(chance, root, element)


def swap_values(chance: random.Random, root: Any) -> None:
    """The attributes and texts of two elements of a name exchanged."""
    one = _below(chance, root)
    others = list(root.iter(one.tag)) if one is not None else []
    if len(others) > 1:
        other = chance.choice(others)
        mine, theirs = dict(one.attrib), dict(other.attrib)
        for element, attributes in ((one, theirs), (other, mine)):
            element.attrib.clear()
            element.attrib.update(attributes)


def note(chance: random.Random, root: Any) -> None:
    """A comment or processing instruction, also inside a text."""
    element = chance.choice(_elements(root))
    made = chance.choice([etree.Comment(" note "), etree.ProcessingInstruction("note", "x")])
    text = element.text or ""
    if not len(element) and text:
        cut = chance.randint(0, len(text))
        element.text, made.tail = text[:cut], text[cut:]
        element.append(made)
        if chance.random() < 0.5:
            made.tail, second = " ", etree.Comment("cut")
            second.tail = text[cut:]
            element.append(second)
    else:
        element.insert(chance.randint(0, len(element)), made)


def cdata(chance: random.Random, root: Any) -> None:
    """A text as CDATA."""
    found = [each for each in _elements(root) if not len(each)]
    if found:
        element = chance.choice(found)
        text = chance.choice([element.text or "", "<a>&amp;", " 1 ", "a\nb"])
        element.text = etree.CDATA(text)


def between(chance: random.Random, root: Any) -> None:
    """Text between elements."""
    element = _below(chance, root)
    if element is not None:
        element.tail = chance.choice(["stray", " stray ", "\n stray\n"])


DAMAGES: tuple[Damage, ...] = (
    duplicate, duplicate, twin, twin, odd_attribute, odd_attribute, odd_text, odd_text, odd_unit,
    new_attribute, new_element, shuffle, delete_element, delete_attribute, move_attribute,
    move_element, swap_values, note, cdata, between,
)
