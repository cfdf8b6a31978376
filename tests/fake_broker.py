# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CIM server's broker, made of Python: CMPI's objects and functions for a loaded library.

It is cffi's ABI mode: no compiler, no header. Written from CMPI's own tables, it shares nothing
with the adapter, and is strict: what is not the kind of object that a function takes is an error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Optional

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
NULL_VALUE, NO_ENTRY, WRONG_TYPE = 256, 12, 13
ALIVE: list[Any] = []  # a server's tables stay where they are as long as it runs


class Thing:
    """An object: its kind, what it holds, and what C has of it."""

    def __init__(self, broker: FakeBroker, kind: str, **holds: Any) -> None:
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


class FakeBroker:
    """The broker, without the functions that are missing; `embeds`: properties may be instances."""

    def __init__(self, missing: Collection[str] = (), embeds: bool = True) -> None:
        self.embeds, self.missing = embeds, missing
        self.things: list[Thing] = []
        self.mistakes: list[BaseException] = []
        self.logged: list[tuple[int, str]] = []
        self.delivered: list[tuple[str, Any]] = []
        self.attached: list[int] = []
        self.event = threading.Event()
        self.tables: dict[str, Any] = {}
        for kind, functions in TABLES.items():
            self.tables[kind] = self._table(kind, functions, missing)
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

    def instance_release(self, instance: Any) -> None:
        thing(instance, "instance").released = True

    def path_release(self, path: Any) -> None:
        thing(path, "path").released = True

    # the functions: attachment, events and the log

    def broker_prepare(self, broker: Any, context: Any) -> Any:
        thing(context, "context")
        return self.context("events")

    def broker_attach(self, broker: Any, context: Any) -> None:
        assert thing(context, "context").principal == "events"
        self.attached.append(threading.get_ident())

    def broker_deliver(self, broker: Any, context: Any, namespace: Any, event: Any) -> None:
        assert "broker.attach" in self.missing or threading.get_ident() in self.attached
        place = ffi.string(namespace).decode()
        found = thing(event, "instance")
        self.delivered.append((place, {name: self.read(each)
                                       for name, each in found.values.items()}))
        self.event.set()

    def maker_log(self, broker: Any, severity: int, id_: Any, text: Any, string: Any) -> None:
        assert ffi.string(id_) == b"libvirt-cim" and string == NULL
        self.logged.append((severity, ffi.string(text).decode()))

    def context(self, principal: Optional[str] = None) -> Any:
        """A CMPIContext."""
        return Thing(self, "context", principal=principal).c

    def context_entry(self, context: Any, name: Any, said: Any) -> Any:
        found = thing(context, "context").principal
        if ffi.string(name) != b"CMPIPrincipal" or found is None:
            ffi.cast("Status *", said).rc = NO_ENTRY
            return ffi.new("Data *", {"state": NULL_VALUE})[0]
        return self.data(found)[0]

    # what is made

    def maker_string(self, broker: Any, text: Any, said: Any) -> Any:
        return self.string(ffi.string(text).decode())

    def maker_path(self, broker: Any, namespace: Any, class_name: Any, said: Any) -> Any:
        return self.path(ffi.string(namespace).decode(), ffi.string(class_name).decode(), {})

    def maker_instance(self, broker: Any, path: Any, said: Any) -> Any:
        at = thing(path, "path")
        own = Thing(self, "path", namespace=at.namespace, class_name=at.class_name, host=None,
                    values=dict(at.values))
        return Thing(self, "instance", path=own, values=dict(at.values), shown=None, wanted=None).c

    def maker_array(self, broker: Any, size: int, type_: int, said: Any) -> Any:
        assert type_ != CHARS, "its texts are CMPIStrings"
        items = [self.data(None, type_) for _ in range(size)]
        return Thing(self, "array", items=items, type=type_).c

    def maker_datetime(self, broker: Any, text: Any, said: Any) -> Any:
        found = ffi.string(text).decode()
        assert len(found) == 25
        return Thing(self, "datetime", text=found).c

    # what is given back

    def result(self) -> Any:
        """A CMPIResult."""
        return Thing(self, "result", instances=[], paths=[], values=[], done=False)

    def result_value(self, result: Any, value: Any, type_: int) -> None:
        thing(result, "result").values.append(self.read(self.given(type_, value)))

    def result_instance(self, result: Any, instance: Any) -> None:
        found, of = thing(instance, "instance"), thing(result, "result")
        of.instances.append((found.path, {
            name: each for name, each in found.values.items()
            if found.wanted is None or name.lower() in found.wanted}))

    def result_path(self, result: Any, path: Any) -> None:
        found = thing(path, "path")
        thing(result, "result").paths.append(found)

    def result_done(self, result: Any) -> None:
        thing(result, "result").done = True

    # members of what has them by name

    def _set(self, owner: Any, name: Any, value: Any, type_: int) -> None:
        owner.values[ffi.string(name).decode()] = self.given(type_, value)

    def _at(self, owner: Any, number: int, name: Any) -> Any:
        key = list(owner.values)[number]
        ffi.cast("void **", name)[0] = self.string(key)
        return owner.values[key][0]

    def instance_set(self, instance: Any, name: Any, value: Any, type_: int) -> Any:
        if type_ & ~ARRAY == INSTANCE and not self.embeds:
            return WRONG_TYPE, "no instance in an instance"
        found = thing(instance, "instance")
        shown = found.shown is None or ffi.string(name).decode().lower() in found.shown
        return self._set(found, name, value, type_) if shown else None

    def instance_at(self, instance: Any, number: int, name: Any, said: Any) -> Any:
        return self._at(thing(instance, "instance"), number, name)

    def instance_count(self, instance: Any, said: Any) -> int:
        return len(thing(instance, "instance").values)

    def instance_path(self, instance: Any, said: Any) -> Any:
        return thing(instance, "instance").path.c

    def instance_narrow(self, instance: Any, wanted: Any, keys: Any) -> None:
        found = thing(instance, "instance")
        assert listed(keys), "it needs the keys"
        found.wanted = {each.lower() for each in listed(wanted)}
        found.shown = {*found.wanted, *(each.lower() for each in listed(keys))}

    def path_set(self, path: Any, name: Any, value: Any, type_: int) -> None:
        self._set(thing(path, "path"), name, value, type_)

    def path_at(self, path: Any, number: int, name: Any, said: Any) -> Any:
        return self._at(thing(path, "path"), number, name)

    def path_count(self, path: Any, said: Any) -> int:
        return len(thing(path, "path").values)

    def path_namespace(self, path: Any, said: Any) -> Any:
        return self.string(thing(path, "path").namespace)

    def path_class_name(self, path: Any, said: Any) -> Any:
        return self.string(thing(path, "path").class_name)

    def path_host(self, path: Any, said: Any) -> Any:
        return self.string(thing(path, "path").host)

    def args_set(self, args: Any, name: Any, value: Any, type_: int) -> None:
        self._set(thing(args, "args"), name, value, type_)

    def args_at(self, args: Any, number: int, name: Any, said: Any) -> Any:
        return self._at(thing(args, "args"), number, name)

    def args_count(self, args: Any, said: Any) -> int:
        return len(thing(args, "args").values)

    def string_text(self, string: Any, said: Any) -> Any:
        return thing(string, "string").data

    def array_size(self, array: Any, said: Any) -> int:
        return len(thing(array, "array").items)

    def array_at(self, array: Any, number: int, said: Any) -> Any:
        return thing(array, "array").items[number][0]

    def array_set(self, array: Any, number: int, value: Any, type_: int) -> None:
        found = thing(array, "array")
        assert found.type == type_, "an array has one type"
        found.items[number] = self.given(type_, value)

    def datetime_text(self, moment: Any, said: Any) -> Any:
        return self.string(thing(moment, "datetime").text)

    def filter_text(self, filter_: Any, said: Any) -> Any:
        return self.string(thing(filter_, "filter").text)


def listed(names: Any) -> list[str]:
    """The texts of a list that ends with NULL."""
    found: list[str] = []
    pointer = ffi.cast("char **", names)
    while pointer[len(found)] != NULL:
        found.append(ffi.string(pointer[len(found)]).decode())
    return found


_RELEASE = {1: ("release", "Status(void *)")}
_TEXT, _COUNT = "void *(void *, void *)", "uint32_t(void *, void *)"
_AT, _SET = "Data(void *, uint32_t, void *, void *)", "Status(void *, char *, void *, uint16_t)"
TABLES: Mapping[str, dict[int, tuple[str, str]]] = {
    "broker": {2: ("prepare", _TEXT), 3: ("attach", "Status(void *, void *)"),
               5: ("deliver", "Status(void *, void *, char *, void *)")},
    "maker": {1: ("instance", "void *(void *, void *, void *)"),
              2: ("path", "void *(void *, char *, char *, void *)"),
              4: ("string", "void *(void *, char *, void *)"),
              5: ("array", "void *(void *, uint32_t, uint16_t, void *)"),
              8: ("datetime", "void *(void *, char *, void *)"),
              15: ("log", "Status(void *, int, char *, char *, void *)")},
    "context": {3: ("entry", "Data(void *, char *, void *)")},
    "result": {3: ("value", "Status(void *, void *, uint16_t)"),
               4: ("instance", "Status(void *, void *)"), 5: ("path", "Status(void *, void *)"),
               6: ("done", "Status(void *)")},
    "instance": {**_RELEASE, 4: ("at", _AT), 5: ("count", _COUNT), 6: ("set", _SET),
                 7: ("path", _TEXT), 8: ("narrow", "Status(void *, void *, void *)")},
    "path": {**_RELEASE, 4: ("namespace", _TEXT), 6: ("host", _TEXT), 8: ("class_name", _TEXT),
             9: ("set", _SET), 11: ("at", _AT), 12: ("count", _COUNT)},
    "args": {3: ("set", _SET), 5: ("at", _AT), 6: ("count", _COUNT)},
    "string": {3: ("text", _TEXT)},
    "array": {3: ("size", _COUNT), 5: ("at", "Data(void *, uint32_t, void *)"),
              6: ("set", "Status(void *, uint32_t, void *, uint16_t)")},
    "datetime": {4: ("text", _TEXT)},
    "filter": {4: ("text", _TEXT)},
}
# What servers are known to lack, or may: the adapter does without.
OPTIONAL = ("broker.prepare", "broker.attach", "broker.deliver", "maker.log", "context.entry",
            "instance.release", "instance.narrow", "path.release", "path.host", "filter.text")
