# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances as MOF (DSP0004, DSP0221) and back; declarations are mof_class's.

Knows how values are spelled, so that this package's reader, pywbem's compiler, sfcbmof and
cimmofl read them back exactly. Instance MOF has no place for a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import mof
from ..cim import Class, Error, Instance, Path, Property, QualifierType, Value, invalid, parse_path
from . import mof_class
from .common import Classes, declared, embedded, rows
from .mof_value import literal

# writing


def instances(instances: Iterable[Instance], classes: Classes) -> Iterator[str]:
    """A text for each: its properties in the class's order, one a line.

    A value not of its type, or an unknown property, is a cim.Error that names class.property.
    """
    for each in instances:
        yield instance(each, classes) + "\n"


def instance(given: Instance, classes: Classes, start: str = "   ", end: str = "\n") -> str:
    """`instance of X { … };` with a start and an end to each line."""
    cls = classes(given.class_name)

    def nested(inner: Instance) -> str:
        return instance(inner, classes, " ", "")

    names = [row.name for row in rows(cls, given.properties)]
    values = dict(zip(names, given.properties.values()))
    lines = [
        f"{start}{name} = {literal(row, values[name], f'{cls.name}.{name}', nested)};{end}"
        for name, row in cls.properties.items() if values.get(name) is not None
    ]
    if not lines:  # DSP0004's grammar asks for one at least
        lines = [f"{start}{name} = NULL;{end}" for name in list(cls.properties)[:1]]
    return f"instance of {cls.name} {{{end}{''.join(lines)}}};{end}"


def class_(cls: Class) -> str:
    """The declaration of a class, with what it has itself."""
    return mof_class.class_(cls)


def qualifier_type(declaration: QualifierType) -> str:
    """The declaration of a qualifier."""
    return mof_class.qualifier_type(declaration)


# reading


def decode(text: str, name: str, classes: Classes) -> list[Instance]:
    """The instances of a text, references and embedded instances read out of their strings.

    What is wrong is a cim.Error `name:line: …`, of a value with class.property.
    """
    return [_converted(each, classes) for each in _read(text, name)]


def _read(text: str, name: str) -> list[Instance]:
    found: list[Instance] = []
    for each in mof.read(text, name):
        if not isinstance(each, Instance):
            place = f"{each.file}:{each.line}" if isinstance(each, Class) else name
            raise invalid(f"{place}: {each.name}: expected instances, not a declaration")
        found.append(each)
    return found


def _converted(instance: Instance, classes: Classes) -> Instance:
    try:
        cls = classes(instance.class_name)
        rows = {name: declared(cls, name) for name in instance.properties}
    except Error as error:
        raise Error(error.status, f"{instance.place}: {error}") from None
    for name, row in rows.items():
        where = f"{instance.place}: {cls.name}.{row.name}"
        value = instance.properties[name]
        many = isinstance(value, list)
        values = [_value(row, each, where, classes) for each in (value if many else [value])]
        instance.properties[name] = values if many else values[0]
    return instance


def _value(row: Property, value: Value, where: str, classes: Classes) -> Value:
    if row.type in ("real32", "real64") and type(value) is int:
        return float(value)
    if not isinstance(value, str):
        return value
    if row.type == "reference":
        return _path(value, where)
    if not embedded(row):
        return value
    found = _read(value, where)
    if len(found) != 1:
        raise invalid(f"{where}: expected one instance, not {len(found)}")
    return _converted(found[0], classes)


def _path(text: str, where: str) -> Path:
    try:
        return parse_path(text)
    except Error as error:
        raise invalid(f"{where}: {error}") from None
