# SPDX-License-Identifier: LGPL-2.1-or-later
"""XML changed so that it stays XML: a fuzzer that changes bytes hardly gets past the parser."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

from lxml import etree


def mutated(data: bytes, seed: int, words: Sequence[str]) -> bytes:
    """The document with one to four changes; ValueError or XMLSyntaxError if it is none."""
    root = etree.fromstring(data)
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        chance.choice(_CHANGES)(chance, list(root.iter(etree.Element)), words)
    return etree.tostring(root)


def _text(chance: random.Random, words: Sequence[str]) -> str:
    return chance.choice([*words, "", "-1", "18446744073709551616", "TRUE", "\u00e9\U0001f600",
                          "a" * 300, "%s", "&lt;", "//", "1e400", "0x7f"])


def _attribute(chance: random.Random, found: list[etree._Element], words: Sequence[str]) -> None:
    element = chance.choice(found)
    names = [*element.attrib, *(name for each in found[:40] for name in each.attrib)]
    if names:
        name = str(chance.choice(names))
        if chance.random() < 0.3:
            element.attrib.pop(name, "")
        else:
            others = [str(each.get(name)) for each in found if each.get(name)]
            element.set(name, chance.choice([_text(chance, words), *others[:3]]))


def _content(chance: random.Random, found: list[etree._Element], words: Sequence[str]) -> None:
    element = chance.choice(found)
    element.text = _text(chance, words)


def _name(chance: random.Random, found: list[etree._Element], words: Sequence[str]) -> None:
    chance.choice(found).tag = chance.choice(found).tag


def _gone(chance: random.Random, found: list[etree._Element], words: Sequence[str]) -> None:
    element = chance.choice(found)
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _copied(chance: random.Random, found: list[etree._Element], words: Sequence[str]) -> None:
    parent, element = chance.choice(found), copy.deepcopy(chance.choice(found[1:] or found))
    parent.insert(chance.randint(0, len(parent)), element)


_CHANGES = (_attribute, _attribute, _content, _name, _gone, _copied, _copied)
