# SPDX-License-Identifier: LGPL-2.1-or-later
"""The functions of a CIM server's broker, by the kind of object and their place in CMPI's tables.

They are strict: what is not the kind of object that a function takes is an error.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any, Optional

from fake_objects import (
    ARRAY,
    CHARS,
    INSTANCE,
    NO_SUCH,
    NULL,
    NULL_VALUE,
    WRONG_TYPE,
    Thing,
    ffi,
    listed,
    thing,
)


class Functions:
    """All of them, named KIND_FUNCTION; what they use of the broker is declared here."""

    embeds: bool
    refused: str = ""  # a property that instances do not take
    defaults: dict[str, Any]
    missing: Collection[str]
    logged: list[tuple[int, str]]
    session: Optional[int]  # the client's connection, if the server tells it
    delivered: list[tuple[str, Any]]
    attached: list[int]
    event: threading.Event

    def string(self, text: Optional[str]) -> Any:
        raise NotImplementedError

    def path(self, namespace: str, class_name: str, keys: dict[str, Any]) -> Any:
        raise NotImplementedError

    def context(self, principal: Optional[str] = None) -> Any:
        raise NotImplementedError

    def data(self, value: Any, type_: Optional[int] = None) -> Any:
        raise NotImplementedError

    def read(self, data: Any) -> Any:
        raise NotImplementedError

    def given(self, type_: int, pointer: Any) -> Any:
        raise NotImplementedError

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

    def context_entry(self, context: Any, name: Any, said: Any) -> Any:
        told = {b"CMPIPrincipal": thing(context, "context").principal,
                b"CMPISessionId": self.session}
        found = told.get(ffi.string(name))
        if found is None:
            ffi.cast("Status *", said).rc = NO_SUCH
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
        values = {name: self.data(each) for name, each in self.defaults.items()}
        return Thing(self, "instance", path=own, values={**values, **at.values}, shown=None,
                     wanted=None).c

    def maker_array(self, broker: Any, size: int, type_: int, said: Any) -> Any:
        assert type_ != CHARS, "its texts are CMPIStrings"
        items = [self.data(None, type_) for _ in range(size)]
        return Thing(self, "array", items=items, type=type_).c

    def maker_datetime(self, broker: Any, text: Any, said: Any) -> Any:
        found = ffi.string(text).decode()
        assert len(found) == 25
        return Thing(self, "datetime", text=found).c

    def maker_text(self, broker: Any, object_: Any, said: Any) -> Any:
        found = thing(object_, "path")
        keys = ",".join(f'{name}="{"null" if each.state & NULL_VALUE else self.read(each)}"'
                        for name, each in found.values.items())
        return self.string(f"/{found.namespace}:{found.class_name}.{keys}")

    # what is given back

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
        if ffi.string(name).decode() == self.refused:
            return NO_SUCH, f"not {self.refused}"
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
              11: ("text", "void *(void *, void *, void *)"),
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
