# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a row must read, told by lxml's XPath and a reading of texts of its own.

Knows the mapping strings as texts and nothing of the engine that reads them. Templates, joins,
functions and embedded instances are left out; a predicate, a default, a list, a presence and an
amount are not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple, Optional

from lxml import etree

from libvirt_cim.cim import Class, Property
from libvirt_cim.ground import Document
from libvirt_cim.table import Table

PLAIN = re.compile(r"(boolean\()?(?![/'])[\w@/.:'=\[\] -]+\)?")
UNITS = {"b": 1, "bytes": 1, "byte": 1, "kb": 10**3, "k": 2**10, "kib": 2**10, "mb": 10**6,
         "m": 2**20, "mib": 2**20, "gb": 10**9, "g": 2**30, "gib": 2**30, "t": 2**40, "tib": 2**40,
         "tb": 10**12, "p": 2**50, "pib": 2**50, "e": 2**60, "eib": 2**60}
CIM_UNITS = {"KiloBytes": 2**10, "Bytes": 1, "byte*2^10": 2**10, "Megabytes": 2**20, 1: 1}


class Question(NamedTuple):
    """One expression of a row; `condition` says for which element it counts."""

    condition: Any
    path: Any
    presence: bool


class Answer(NamedTuple):
    """Which row, and what it must read: None is NULL."""

    row: Property
    value: Any


@functools.cache
def xpath(text: str) -> Any:
    """A path compiled."""
    return etree.XPath(text)


def answers(class_: Class, node: Any, document: str) -> Iterator[Answer]:
    """What the plain rows of a class must read at an element of a document of that kind."""
    for row, questions in _questions(class_.name, class_, document):
        chosen = next((each for each in questions if each is None or each.condition(node)), None)
        if chosen is not None:
            yield Answer(row, _answer(row, class_, chosen, node))
        elif None not in questions:
            yield Answer(row, None)


class Comparison(NamedTuple):
    """A row at an element of a table: what it must read, and what it reads."""

    row: Property
    due: Any
    read: Any


def compared(table: Table, document: Document, kind: str) -> Iterator[Comparison]:
    """Every plain row of a table at every element that it has in a document; not what keys read."""
    for node in table.nodes(document):
        values = table.read(node, document)
        for row, due in answers(table.class_, node, kind):
            key = row.qualifier("Key")
            yield Comparison(row, due, due if key else values.get(row.name))


_KNOWN: dict[tuple[str, str], list[tuple[Property, list[Optional[Question]]]]] = {}


def _questions(
    name: str, class_: Class, document: str
) -> list[tuple[Property, list[Optional[Question]]]]:
    if (name, document) not in _KNOWN:
        _KNOWN[name, document] = [
            (row, [_question(text, class_) for text in _texts(row, document)])
            for row in class_.properties.values()
            if row.qualifier("MappingStrings") and row.type != "reference"
            and not row.qualifier("EmbeddedInstance")
        ]
    return _KNOWN[name, document]


def _texts(row: Property, document: str) -> list[str]:
    """A row's strings for a document: its own, or else those that name none or another."""
    given = row.qualifier("MappingStrings")
    own = [text.partition("|")[2] for text in given if text.startswith(document + ".")]
    return own or list(given)


def _question(text: str, class_: Class) -> Optional[Question]:
    """The question of a mapping string; None if that is not plain."""
    if not PLAIN.fullmatch(text):
        return None
    presence = text.startswith("boolean(")
    steps = (text[8:-1] if presence else text).split("/")
    condition = "true()"
    if steps[0].startswith("self::"):
        condition = f"boolean({_with_default(steps.pop(0), class_)})"
    parts = [step if step[0] in ".@" else f"{step}[1]" for step in steps]
    return Question(xpath(condition), xpath("/".join(parts) or "."), presence)


def _with_default(step: str, class_: Class) -> str:
    """A test that also holds where libvirt's own default is the value asked for."""
    test = re.search(r"\[@(\w+)='(\w+)'\]", step)
    if test is None:
        return step
    for row in class_.properties.values():
        if (row.qualifier("MappingStrings") or [""])[0].rpartition("/")[2] == "@" + test[1]:
            if row.qualifier("Virt_Default") == test[2]:
                return step.replace("]", f" or not(@{test[1]})]")
    return step


def _answer(row: Property, class_: Class, question: Question, node: Any) -> Any:
    found = question.path(node)
    if question.presence:
        return _tokens(row, "true" if found else "false")
    if row.is_array:
        last: Any = etree.XPath(re.sub(r"\[1\](?=(/@\w+)?$)", "", question.path.path))
        return [_value(row, _text(each)) for each in last(node)] or None
    if not found:
        return None
    if row.qualifier("Virt_Unit"):
        return _amount(row, class_, found[0])
    return _value(row, _text(found[0]))


def _text(found: Any) -> str:
    return str(found) if isinstance(found, str) else "".join(found.itertext())


def _value(row: Property, text: str) -> Any:
    if row.qualifier("Virt_Tokens"):
        return _tokens(row, text)
    if row.type == "datetime":
        return datetime.fromtimestamp(int(text), timezone.utc).strftime("%Y%m%d%H%M%S.000000+000")
    return _number(row, text)


def _number(row: Property, text: str) -> Any:
    """A number in the range of a row's type, or the text of a row that is no number."""
    bits = re.fullmatch(r"([us])int(\d+)", row.type)
    if bits is None:
        return text
    if re.fullmatch("0x[0-9A-Fa-f]{1,16}", text):
        text = str(int(text, 16))
    if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text):
        return None
    low = 0 if bits[1] == "u" else -(2 ** (int(bits[2]) - 1))
    number = int(text)
    return number if low <= number < low + 2 ** int(bits[2]) else None


def _tokens(row: Property, text: str) -> Any:
    tokens = row.qualifier("Virt_Tokens")
    if tokens is None:
        return text == "true"
    values = [True, False] if row.type == "boolean" else row.qualifier("ValueMap")
    for token, value in zip(tokens, values):
        if text in token.split("|") or token == "*":
            if value == "..":
                return _number(row, text)
            return int(value) if row.type.startswith("uint") else value
    return None


def _amount(row: Property, class_: Class, found: Any) -> Optional[int]:
    """An amount in the unit that the sibling says, or else in libvirt's own; in no other range."""
    sibling = row.qualifier("Virt_UnitProperty")
    usual: Any = class_.properties[sibling].value if sibling else None
    given, text = (None, found) if isinstance(found, str) else (found.get("unit"), found.text)
    factor = UNITS.get((given or row.qualifier("Virt_Unit")).lower())
    if factor is None or not re.fullmatch("[0-9]+", (text or "").strip()):
        return None
    own = CIM_UNITS.get(usual, usual) if sibling else UNITS[row.qualifier("Virt_Unit").lower()]
    amount = int(text) * factor // own
    return amount if amount < 2 ** int(row.type[4:]) else None
