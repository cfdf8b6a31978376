# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI's objects made of Python, for a broker in fake_broker.py: what C has of them, and back."""

from __future__ import annotations

from typing import Any

import cffi

ffi = cffi.FFI()
ffi.cdef("""
typedef struct { int rc; void *msg; } Status;
typedef union { uint64_t uint64; uint32_t uint32; uint16_t uint16; uint8_t uint8; int64_t sint64;
    int32_t sint32; int16_t sint16; int8_t sint8; double real64; float real32; void *pointer;
    uint64_t two[2]; } Value;
typedef struct { uint16_t type, state; uint64_t value, more; } Data;
typedef struct { void *hdl; void **ft; } Object;
typedef struct { void *hdl; void **bft; void **eft; void **xft; void **mft; } Broker;
""")
NULL = ffi.NULL
ARRAY, CHARS, STRING, DATETIME, INSTANCE, REF = 1 << 13, 0x1700, 0x1600, 0x1800, 0x1000, 0x1100
MEMBERS = {2: "uint8", 3: "uint16", 8: "real32", 12: "real64", 0x80: "uint8", 0x90: "uint16",
           0xA0: "uint32", 0xB0: "uint64", 0xC0: "sint8", 0xD0: "sint16", 0xE0: "sint32",
           0xF0: "sint64"}
NULL_VALUE, NO_SUCH, WRONG_TYPE = 256, 12, 13


class Thing:
    """An object: its kind, what it holds, and what C has of it."""

    def __init__(self, broker: Any, kind: str, **holds: Any) -> None:
        self.kind, self.released = kind, False
        self.__dict__.update(holds)
        self.handle = ffi.new_handle(self)
        self.c = ffi.new("Object *", {"hdl": self.handle, "ft": broker.tables[kind]})
        broker.things.append(self)


def thing(pointer: Any, kind: str) -> Any:
    """The object of that kind that a pointer is to."""
    assert pointer != NULL, f"NULL is no {kind}"
    found = ffi.from_handle(ffi.cast("Object *", pointer).hdl)
    assert found.kind == kind, f"a {found.kind} is no {kind}"
    assert not found.released, f"the {kind} was released"
    return found


def value_of(data: Any) -> Any:
    """The CMPIValue of CMPIData, which cffi cannot have inside what a callback returns."""
    return ffi.cast("Value *", ffi.cast("char *", data) + 8)


def listed(names: Any) -> list[str]:
    """The texts of a list that ends with NULL."""
    found: list[str] = []
    pointer = ffi.cast("char **", names)
    while pointer[len(found)] != NULL:
        found.append(ffi.string(pointer[len(found)]).decode())
    return found
