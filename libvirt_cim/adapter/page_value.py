# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values as people read them: an enumeration's word, an amount with its unit, links for paths.

Knows declarations and types; no class and no property by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Optional

from ..cim import Class, Instance, Path, Property, Value, find
from ..explain import constant, in_words, unit_property
from ..published import MAPPING, documents, places
from ..schema import Schema
from ..value import cim_unit
from .common import real
from .page_html import Content, folded, instance_address, items, link, table, tag

_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def label(path: Path, schema: Schema) -> str:
    """A short name: the last key that does not name a class; of an association, its ends."""
    ends = [label(each, schema) for each in path.keys.values() if isinstance(each, Path)]
    if ends:
        return " → ".join(ends)
    texts = [str(value) for value in path.keys.values()]
    return next((each for each in reversed(texts) if each not in schema), path.class_name) or "“”"


def to_instance(path: Path, schema: Schema) -> Content:
    """A link to an instance's page."""
    return link(label(path, schema), instance_address(path), title=str(path))


def shown(schema: Schema, class_: Class, instance: Instance, name: str) -> Content:
    """The value that an instance has for a property, in words, with its unit."""
    row, value = find(class_.properties, name), instance.get(name)
    if row is None or value is None:
        return None
    words = dict(in_words(row)) if row.qualifier("ValueMap") else {}
    unit = _unit(row, instance)
    if isinstance(value, list):
        return items([_one(schema, each, words, unit) for each in value])
    return _one(schema, value, words, unit)


def _one(schema: Schema, value: Value, words: dict[Value, str], unit: str) -> Content:
    if isinstance(value, Path):
        return to_instance(value, schema)
    if isinstance(value, Instance):
        return _embedded(schema, value)
    if value is None:
        return tag("i", "NULL")
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = _text(value)
    word = words.get(value)
    if word:
        return [tag("span", word, class_="word"), " ", tag("small", text)]
    if not number or not unit:
        return tag("span", text, class_="number") if number else text
    return [tag("span", text, class_="number"), " ", unit, _size(value, unit)]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return real(value) if isinstance(value, float) else str(value)


def _unit(row: Property, instance: Instance) -> str:
    """The unit of a row: that which another property says, or its own."""
    found: Any = instance.get(unit_property(row))
    return str(found or row.qualifier("PUnit") or row.qualifier("Units") or "")


def _size(value: Value, unit: str) -> Content:
    """An amount of bytes in a unit that is easy to read, if that is another one."""
    factor = cim_unit(unit)
    if factor is None or not isinstance(value, int):
        return None
    size, step = float(value * factor), 0
    while abs(size) >= 1024 and step < len(_SIZES) - 1:
        size, step = size / 1024, step + 1
    return tag("span", f" {size:.4g} {_SIZES[step]}", class_="size") if step else None


def _embedded(schema: Schema, value: Instance) -> Content:
    """An embedded instance: its properties, closed until they are asked for."""
    class_ = schema.resolved(value.class_name)
    on = documents(schema, class_.name)
    rows = [(name, shown(schema, class_, value, name), source(class_, row, on))
            for name, row in class_.properties.items() if value.get(name) is not None]
    return folded(value.class_name, [table(value.class_name, ("property", "value", "from"), rows)])


# where values come from

def source(class_: Class, row: Property, on: Sequence[str]) -> Content:
    """The documents that a row is read from, and the expression in each."""
    if not row.qualifier(MAPPING):
        return tag("span", constant(class_, row), class_="always")
    found: dict[str, list[str]] = {}
    for document, text in places(row, on):
        found.setdefault(text, []).append(document)
    return [tag("div", mapping(documents, text)) for text, documents in found.items()]


def mapping(documents: Iterable[str], text: str) -> Iterator[Content]:
    """A mapping string as libvirt's document and the path in it."""
    for each in documents:
        yield [tag("span", each, class_="document"), " "]
    yield tag("code", text)


def total(instance: Instance, share: Optional[str]) -> Content:
    """How much of an amount is taken, as a bar; `share` names both."""
    part, _, whole = (share or "").partition("/")
    have, of = instance.get(part), instance.get(whole)
    if not isinstance(have, int) or not isinstance(of, int) or of <= 0:
        return None
    text = f"{100 * have / of:.0f} %"
    bar = tag("meter", text, min="0", max=str(of), value=str(min(have, of)))
    return tag("span", bar, " ", tag("small", text), class_="share")
