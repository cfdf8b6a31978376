# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CIM server's broker, made of Python: CMPI's objects and functions for a loaded library.

It is cffi's ABI mode: no compiler, no header. Written from CMPI's own tables, it shares nothing
with the adapter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any, Optional

from fake_functions import TABLES, Functions
from fake_objects import (
    ARRAY,
    CHARS,
    DATETIME,
    INSTANCE,
    MEMBERS,
    NULL,
    NULL_VALUE,
    REF,
    STRING,
    Thing,
    ffi,
    thing,
    value_of,
)

ALIVE: list[Any] = []  # a server's tables stay where they are as long as it runs


class FakeBroker(Functions):
    """The broker, without the functions that are missing; `embeds`: properties may be instances.

    `defaults` are what a new instance of any class has at once.
    """

    def __init__(self, missing: Collection[str] = (), embeds: bool = True,
                 name: str = "test") -> None:
        self.embeds, self.missing = embeds, missing
        self.defaults: dict[str, Any] = {}
        self.things: list[Thing] = []
        self.mistakes: list[BaseException] = []
        self.logged: list[tuple[int, str]] = []
        self.delivered: list[tuple[str, Any]] = []
        self.attached: list[int] = []
        self.event = threading.Event()
        self.session: Optional[int] = None
        self.tables: dict[str, Any] = {}
        for kind, functions in TABLES.items():
            self.tables[kind] = self._table(kind, functions, missing)
        self.name = ffi.new("char[]", name.encode())
        self.tables["broker"][1] = self.name
        self.c = ffi.new("Broker *", {
            "bft": self.tables["broker"], "eft": self.tables["maker"]})

    def _table(self, kind: str, functions: dict[int, tuple[str, str]], missing: Any) -> Any:
        table = ffi.new("void *[]", 24)
        for slot, (name, signature) in functions.items():
            if f"{kind}.{name}" in missing:
                continue
            function = getattr(self, f"{kind}_{name}", None)
            assert function, f"{kind}_{name}"
            callback = ffi.callback(signature, self._caught(function), onerror=self._error)
            ALIVE.append(callback)
            table[slot] = ffi.cast("void *", callback)
        ALIVE.append(table)
        return table

    def _caught(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """CMPIStatus of what returns nothing or a code."""
        def call(*given: Any) -> Any:
            found = function(*given)
            if found is None or isinstance(found, bool):
                return ffi.new("Status *")[0]
            if isinstance(found, tuple):
                return ffi.new("Status *", {"rc": found[0], "msg": self.string(found[1])})[0]
            return found

        return call

    def _error(self, kind: Any, mistake: BaseException, trace: Any) -> None:
        self.mistakes.append(mistake)

    def clear(self) -> None:
        """Forget the objects of a call."""
        self.things.clear()

    # objects, for us

    def string(self, text: Optional[str]) -> Any:
        """A CMPIString."""
        if text is None:
            return NULL
        data = ffi.new("char[]", text.encode())
        return Thing(self, "string", data=data, text=text).c

    def path(self, namespace: str, class_name: str, keys: dict[str, Any]) -> Any:
        """A CMPIObjectPath; a key is a text, a number, a boolean or a path itself."""
        return Thing(self, "path", namespace=namespace, class_name=class_name, host=None,
                     values={name: self.data(each) for name, each in keys.items()}).c

    def data(self, value: Any, type_: Optional[int] = None) -> Any:
        """CMPIData of a value: what it is itself, unless a type is given."""
        made = ffi.new("Data *")
        if value is None:
            made.type, made.state = type_ or STRING, NULL_VALUE
        elif isinstance(value, list):
            items = [self.data(each, type_ and type_ & ~ARRAY) for each in value]
            kind = next((each.type for each in items), type_ or STRING)
            made.type = kind | ARRAY
            value_of(made).pointer = Thing(self, "array", items=items, type=kind).c
        elif isinstance(value, str):
            made.type, value_of(made).pointer = STRING, self.string(value)
        elif isinstance(value, (bool, int, float)):
            made.type = type_ or (2 if isinstance(value, bool) else 0xF0
                                  if isinstance(value, int) else 12)
            setattr(value_of(made), MEMBERS[made.type], value)
        else:
            kind = ffi.from_handle(ffi.cast("Object *", value).hdl).kind
            made.type, value_of(made).pointer = {"path": REF, "instance": INSTANCE}[kind], value
        return made

    def read(self, data: Any) -> Any:
        """The value that CMPIData has: texts, numbers, lists, Things."""
        if data.state & NULL_VALUE:
            return None
        if data.type & ARRAY:
            return [self.read(each) for each in thing(value_of(data).pointer, "array").items]
        return self._one(data.type, value_of(data))

    def _one(self, type_: int, value: Any) -> Any:
        if type_ in MEMBERS:
            found = getattr(value, MEMBERS[type_])
            return bool(found) if type_ == 2 else chr(found) if type_ == 3 else found
        if type_ == STRING:
            return thing(value.pointer, "string").text
        kinds = {REF: "path", INSTANCE: "instance", DATETIME: "datetime"}
        found = thing(value.pointer, kinds[type_])
        return found.text if type_ == DATETIME else found

    def given(self, type_: int, pointer: Any) -> Any:
        """CMPIData of what a function that sets a value was given."""
        made = ffi.new("Data *")
        made.type = type_
        if pointer == NULL:
            made.state = NULL_VALUE
        elif type_ == CHARS:
            made.type, value_of(made).pointer = STRING, self.string(ffi.string(
                ffi.cast("char *", pointer)).decode())
        else:
            size = {"8": 1, "6": 2, "2": 4}.get(MEMBERS.get(type_, "4")[-1], 8)
            size = 8 if type_ in (12, 0xB0, 0xF0) else 4 if type_ == 8 else size
            ffi.memmove(value_of(made), pointer, size)
        self.read(made)  # it is what it says
        return made

    def context(self, principal: Optional[str] = None) -> Any:
        """A CMPIContext."""
        return Thing(self, "context", principal=principal).c

    def result(self) -> Any:
        """A CMPIResult."""
        return Thing(self, "result", instances=[], paths=[], values=[], done=False)
