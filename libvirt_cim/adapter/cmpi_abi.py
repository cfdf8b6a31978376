# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI as ctypes sees it: the structures, the types, and the functions of a server's tables.

The order of the functions is that of CMPI 2.0, to which 2.1 only adds at the end. What is called
here and there differs between servers; a function that is not there is None.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from ctypes import c_char_p, c_int, c_uint32, c_uint64, c_ushort, c_void_p
from typing import Any, NamedTuple, Optional

NULL_VALUE, KEY_VALUE, NOT_FOUND = 1 << 8, 2 << 8, 4 << 8  # states of CMPIData
ARRAY = 1 << 13
INSTANCE, REFERENCE, STRING, CHARS, DATETIME = 0x1000, 0x1100, 0x1600, 0x1700, 0x1800
SIMPLE: Mapping[str, tuple[int, Any]] = {  # CIM's type: CMPI's, and what holds a value
    "boolean": (2, ctypes.c_ubyte), "char16": (3, c_ushort),
    "real32": (8, ctypes.c_float), "real64": (12, ctypes.c_double),
    "uint8": (0x80, ctypes.c_uint8), "uint16": (0x90, ctypes.c_uint16),
    "uint32": (0xA0, c_uint32), "uint64": (0xB0, c_uint64),
    "sint8": (0xC0, ctypes.c_int8), "sint16": (0xD0, ctypes.c_int16),
    "sint32": (0xE0, ctypes.c_int32), "sint64": (0xF0, ctypes.c_int64),
}
HOLDERS = dict(SIMPLE.values())
SIZE = ctypes.sizeof(c_void_p)
Address = int  # of an object or a table of the server


class Status(ctypes.Structure):
    """CMPIStatus."""

    _fields_ = [("code", c_int), ("text", c_void_p)]


class Data(ctypes.Structure):
    """CMPIData; the value is as large as a pointer and a count."""

    _fields_ = [("type", c_ushort), ("state", c_ushort), ("value", c_uint64 * 2)]


class Signature(NamedTuple):
    """A function: where in the table, what is returned and given, whether it may wait."""

    slot: int
    returned: Any
    given: tuple[Any, ...]
    waits: bool = False  # then other threads of Python run; what does not wait is quicker


class Kind:
    """A kind of object, and the tables of functions that such objects have."""

    def __init__(self, **signatures: Signature) -> None:
        self._signatures = signatures
        self._tables: dict[Address, Functions] = {}

    def functions(self, table: Address) -> Functions:
        """Those of a table, made once."""
        found = self._tables.get(table)
        if found is None:
            found = self._tables[table] = Functions(self._signatures, table)
        return found


F, P, S = Signature, c_void_p, c_char_p
_SET, _AT = (P, S, P, c_ushort), (P, c_uint32, P, P)
BROKER = Kind(
    prepare=F(2, P, (P, P)), attach=F(3, Status, (P, P), True),
    deliver=F(5, Status, (P, P, S, P), True))
MAKER = Kind(
    instance=F(1, P, (P, P, P)), path=F(2, P, (P, S, S, P)), string=F(4, P, (P, S, P)),
    array=F(5, P, (P, c_uint32, c_ushort, P)), datetime=F(8, P, (P, S, P)),
    text=F(11, P, (P, P, P)), log=F(15, Status, (P, c_int, S, S, P)))
CONTEXT = Kind(entry=F(3, Data, (P, S, P)))
RESULT = Kind(
    value=F(3, Status, (P, P, c_ushort), True), instance=F(4, Status, (P, P), True),
    path=F(5, Status, (P, P), True), done=F(6, Status, (P,), True))
INSTANCES = Kind(
    release=F(1, Status, (P,)), at=F(4, Data, _AT), count=F(5, c_uint32, (P, P)),
    set=F(6, Status, _SET), path=F(7, P, (P, P)), narrow=F(8, Status, (P, P, P)))
PATHS = Kind(
    release=F(1, Status, (P,)), namespace=F(4, P, (P, P)), host=F(6, P, (P, P)),
    class_name=F(8, P, (P, P)), set=F(9, Status, _SET), at=F(11, Data, _AT),
    count=F(12, c_uint32, (P, P)))
ARGUMENTS = Kind(set=F(3, Status, _SET), at=F(5, Data, _AT), count=F(6, c_uint32, (P, P)))
STRINGS = Kind(text=F(3, P, (P, P)))
ARRAYS = Kind(
    size=F(3, c_uint32, (P, P)), at=F(5, Data, (P, c_uint32, P)),
    set=F(6, Status, (P, c_uint32, P, c_ushort)))
DATETIMES = Kind(text=F(4, P, (P, P)))
FILTERS = Kind(text=F(4, P, (P, P)))


class Functions:
    """The functions of one of the server's tables, by our names for them; None is missing."""

    def __init__(self, signatures: Mapping[str, Signature], table: Address) -> None:
        for name, each in signatures.items():
            address = pointer(table + each.slot * SIZE)
            maker = ctypes.CFUNCTYPE if each.waits else ctypes.PYFUNCTYPE
            function = maker(each.returned, *each.given)(address) if address else None
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"CMPI has no function {name} here")


def pointer(address: Address) -> Address:
    """What a pointer in memory points to; 0 is NULL."""
    return c_void_p.from_address(address).value or 0


def functions(kind: Kind, object_: Address, member: int = 1) -> Any:
    """The functions of an object's table; it is the second member of most."""
    return kind.functions(pointer(object_ + member * SIZE))


def text(string: Address) -> Optional[str]:
    """The text of a CMPIString; NULL is none. What is not UTF-8 is a question mark."""
    if not string:
        return None
    return chars(functions(STRINGS, string).text(string, None))


def chars(address: Optional[Address]) -> Optional[str]:
    """The text that a char * points to."""
    return ctypes.string_at(address).decode("utf-8", "replace") if address else None


def names(array: Address) -> Optional[list[str]]:
    """A list of texts that ends with NULL, such as a property list; None where there is none."""
    if not array:
        return None
    found: list[str] = []
    while (each := pointer(array + len(found) * SIZE)):
        found.append(chars(each) or "")
    return found


def listed(texts: Iterable[str]) -> Any:
    """A list of names for C, which ends with NULL; keep it as long as C has it."""
    given = [each.encode() for each in texts]
    return (c_char_p * (len(given) + 1))(*given)


def entries(
    table: Any, object_: Address, count: Optional[int] = None
) -> Iterator[tuple[str, Data]]:
    """The names and values of what has them by number; one server has no names for NULL."""
    name = c_void_p()
    for number in range(table.count(object_, None) if count is None else count):
        name.value = None
        data = table.at(object_, number, ctypes.byref(name), None)
        if name.value is not None:
            yield text(name.value) or "", data
