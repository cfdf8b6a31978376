# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server's CMPI values made ours. Types are the class's, where it is known, not the value's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ..cim import Error, Instance, Path, Property, Value, find, invalid
from .cimxml_value import read
from .cmpi_abi import (
    ARGUMENTS,
    ARRAY,
    ARRAYS,
    CHARS,
    DATETIME,
    DATETIMES,
    HOLDERS,
    INSTANCE,
    INSTANCES,
    NOT_FOUND,
    NULL_VALUE,
    PATHS,
    REFERENCE,
    STRING,
    Address,
    Data,
    chars,
    entries,
    functions,
    text,
)
from .common import Classes, embedded
from .embedded import instance as held

_BOOLEAN, _CHAR16 = 2, 3
Rows = Mapping[str, Property]


class Decoder:
    """Reads the values of one namespace, whose classes are known by `classes`.

    `place` gives a namespace of the server as we call it, `count` how many keys a path has.
    """

    def __init__(self, classes: Classes, place: Callable[[str], str] = str,
                 count: Optional[Callable[[Address], int]] = None) -> None:
        self._classes, self._place, self._count = classes, place, count

    # objects

    def path(self, object_: Address) -> Path:
        """A CMPIObjectPath."""
        table = functions(PATHS, object_)
        name = text(table.class_name(object_, None)) or ""
        rows, keys = self._rows(name), {}
        for key, data in entries(table, object_, self._count and self._count(object_)):
            row = find(rows, key)
            keys[row.name if row else key] = self._typed(data, row, f"{name}.{key}")
        host = text(table.host(object_, None)) if table.host else None
        place = text(table.namespace(object_, None))
        return Path(name, keys, self._place(place) if place else None, host or None)

    def instance(self, object_: Address) -> Instance:
        """A CMPIInstance without its path; properties that are NULL are absent."""
        table = functions(INSTANCES, object_)
        path = table.path(object_, None)
        name = (text(functions(PATHS, path).class_name(path, None)) if path else None) or ""
        rows, values = self._rows(name), {}
        for key, data in entries(table, object_):
            row = find(rows, key)
            value = self._typed(data, row, f"{name}.{key}")
            if value is not None:
                values[row.name if row else key] = value
        return Instance(name, values)

    def arguments(self, object_: Address, rows: Rows, where: str) -> dict[str, Value]:
        """CMPIArgs: the parameters of a method, those that are NULL as None."""
        found: dict[str, Value] = {}
        for name, data in entries(functions(ARGUMENTS, object_), object_):
            row = find(rows, name)
            key = name if row is None else row.name
            if key in found:
                raise invalid(f"{where}.{key}: is given twice")
            found[key] = self._typed(data, row, f"{where}.{key}")
        return found

    def _rows(self, class_name: str) -> Rows:
        try:
            return self._classes(class_name).properties
        except Error:
            return {}

    # values

    def _typed(self, data: Data, row: Optional[Property], where: str) -> Value:
        """The value in its property's type; what is not declared is as it comes."""
        if data.state & (NULL_VALUE | NOT_FOUND):
            return None
        if data.type & ARRAY:
            found = self._array(data.value[0], row, where)
            one = row is not None and not row.is_array
            if one and found:
                raise invalid(f"{where}: is one value")
            return None if one else found
        return self._one(data, row, where)

    def _array(self, array: Address, row: Optional[Property], where: str) -> Optional[list[Any]]:
        if not array:
            return None
        table = functions(ARRAYS, array)
        items = (table.at(array, each, None) for each in range(table.size(array, None)))
        return [None if data.state & (NULL_VALUE | NOT_FOUND) else self._one(data, row, where)
                for data in items]

    def _one(self, data: Data, row: Optional[Property], where: str) -> Value:
        value = self._plain(data, where)
        if row is None or value is None:
            return value
        if embedded(row):
            return held(value, where, self._classes) if isinstance(value, str) else value
        if isinstance(value, str) and row.type not in ("string", "reference"):
            return read(value, row.type, where)
        if row.type == "boolean" and isinstance(value, int):
            return bool(value)
        if row.type.startswith("real") and isinstance(value, int):
            return float(value)
        return value

    def _plain(self, data: Data, where: str) -> Value:
        """A value as it is typed there."""
        kind, address = data.type & ~ARRAY, data.value[0]
        holder = HOLDERS.get(kind)
        if holder is not None:
            found = holder.from_buffer(data.value).value
            return bool(found) if kind == _BOOLEAN else chr(found) if kind == _CHAR16 else found
        if not address:
            return None
        if kind == STRING:
            return text(address)
        if kind == CHARS:
            return chars(address)
        if kind == REFERENCE:
            return self.path(address)
        if kind == INSTANCE:
            return self.instance(address)
        if kind == DATETIME:
            return text(functions(DATETIMES, address).text(address, None))
        raise invalid(f"{where}: is of a type that is not CIM's ({data.type:#x})")
