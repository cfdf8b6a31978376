# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our values made a server's CMPI values. Types are the class's, not the value's.

What the properties of a class have in common is compiled once: a closure for each.
"""

from __future__ import annotations

from ctypes import byref, c_void_p
from typing import Any, Callable, NamedTuple

from ..cim import Instance, Path, Property, Value, parse_path
from .cimxml import Encoder as Texts
from .cimxml_value import carried
from .cmpi_abi import (
    ARGUMENTS,
    ARRAY,
    ARRAYS,
    DATETIME,
    INSTANCE,
    INSTANCES,
    KEY_VALUE,
    NULL_VALUE,
    PATHS,
    REFERENCE,
    RESULT,
    SIMPLE,
    STRING,
    Address,
    Kind,
    entries,
    functions,
    listed,
)
from .cmpi_server import Given, Server, Unfit, check
from .cmpi_slot import HIDDEN, Making, Slot, chars, nothing, quoted, simple, text
from .common import Classes, declared, embedded, mismatch

PLANS = 4096  # that an encoder keeps


class Plan(NamedTuple):
    """What is done with an instance of a class that has certain properties."""

    slots: list[Slot]  # in the order of the properties; HIDDEN if that is not shown
    nulls: list[Slot]  # what the server's class has set
    names: Any  # of what is shown, as a list in C
    keys: Any


class Encoder:
    """Makes objects of one namespace's classes for one server.

    `place` gives a namespace of ours as the server calls it.
    """

    def __init__(self, server: Server, classes: Classes, place: Callable[[str], str]) -> None:
        self._server, self._classes, self._place = server, classes, place
        self._slots: dict[tuple[str, str], Slot] = {}
        self._filled: dict[str, dict[str, Slot]] = {}
        self._keys: dict[str, Any] = {}
        self._plans: dict[Any, Plan] = {}
        self._texts = Texts(classes)

    # objects

    def path(self, path: Path) -> Address:
        """A CMPIObjectPath."""
        made = self._server.made(
            self._server.make.path, self._place(path.namespace or "").encode(),
            path.class_name.encode())
        put = functions(PATHS, made).set
        for name, value in path.keys.items():
            slot = self._slot(path.class_name, name)
            check(put(made, slot.name, *slot.make(value)), slot.where)
        return made

    def instance(self, instance: Instance, wanted: Address = 0, embeds: bool = True) -> Address:
        """A CMPIInstance, of which a property list names what is shown.

        Its keys are set all the same: servers make its path of them. Without a list what is NULL
        is not shown either: a server may have filled in what the class says. `embeds`: instances
        that are embedded in it are shown.
        """
        path = instance.path or Path(instance.class_name)
        made = self._new(path)
        table = functions(INSTANCES, made)
        values = {**path.keys, **instance.properties}
        plan = self._plan(made, instance, tuple(values), embeds)
        if self._server.traits.narrows and table.narrow and (wanted or instance.path is not None):
            table.narrow(made, wanted or plan.names, plan.keys)
        put = table.set
        for slot in plan.nulls:
            put(made, slot.name, None, slot.type)
        for slot, value in zip(plan.slots, values.values()):
            if value is not None and slot.name:
                pointer, type_ = slot.make(value)
                said = put(made, slot.name, pointer, type_)
                if said.code:
                    self._again(put, made, said, slot._replace(type=type_), value)
        return made

    def _new(self, path: Path) -> Address:
        at = self.path(path)
        made = self._server.made(self._server.make.instance, at)
        release(PATHS, at)
        return made

    def _again(self, put: Any, made: Address, said: Any, slot: Slot, value: Value) -> None:
        """Give a value that was refused otherwise, if that can be: an instance as a text."""
        if slot.type & ~ARRAY == INSTANCE:
            self._server.embeds = False
            said = put(made, slot.name, *slot.make(value))
        check(said, slot.where)

    def _plan(
        self, made: Address, instance: Instance, names: tuple[str, ...], embeds: bool
    ) -> Plan:
        """What is to be done with an instance that has such keys and properties."""
        class_name = instance.class_name
        key = class_name, names, tuple(instance.properties), embeds
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= PLANS:
                self._plans.clear()
            slots = [self._slot(class_name, name) for name in names]
            if not embeds:
                slots = [HIDDEN if slot.embedded else slot for slot in slots]
            low = {name.lower() for name in names}
            nulls = [slot for name, slot in self._prefilled(made, class_name).items()
                     if name not in low]
            shown = listed(name for name, slot in zip(names, slots)
                           if slot.name and name in instance.properties)
            found = self._plans[key] = Plan(slots, nulls, shown, self._key_names(class_name))
        return found

    def _prefilled(self, made: Address, class_name: str) -> dict[str, Slot]:
        """What a new instance has at once, by names in lower case: the server's class says it."""
        found = self._filled.get(class_name)
        if found is None:
            found = self._filled[class_name] = {
                name.lower(): Slot(name.encode(), nothing, data.type, f"{class_name}.{name}")
                for name, data in entries(functions(INSTANCES, made), made)
                if not data.state & (NULL_VALUE | KEY_VALUE)}
        return found

    def _key_names(self, class_name: str) -> Any:
        """The names of a class's keys, as a list in C."""
        found = self._keys.get(class_name)
        if found is None:
            rows = self._classes(class_name).properties.values()
            found = self._keys[class_name] = listed(
                row.name for row in rows if row.qualifier("Key"))
        return found

    # methods

    def returned(self, result: Address, row: Property, value: Value) -> None:
        """Give back what a method returns."""
        if value is not None:
            slot = self._compiled(row, row.name, True)
            check(functions(RESULT, result).value(result, *slot.make(value)), row.name)

    def argument(self, arguments: Address, row: Property, value: Value) -> None:
        """Set an output parameter."""
        slot = self._compiled(row, row.name, True)
        given = (None, slot.type) if value is None else slot.make(value)
        check(functions(ARGUMENTS, arguments).set(arguments, slot.name, *given), row.name)

    # values

    def _slot(self, class_name: str, name: str) -> Slot:
        found = self._slots.get((class_name, name))
        if found is None:
            row = declared(self._classes(class_name), name)
            found = self._compiled(row, f"{class_name}.{row.name}", False)
            self._slots[class_name, name] = found
        return found

    def _compiled(self, row: Property, where: str, argument: bool) -> Slot:
        """What makes values of a row; an instance in a property may have to be a text."""
        if embedded(row):
            whole = argument and self._server.traits.instances
            make, kind = self._embedding(where, whole), INSTANCE if whole else STRING
        elif row.type == "reference":
            make, kind = self._reference(where), REFERENCE
        elif row.type == "datetime":
            make, kind = self._datetime(where), DATETIME
        elif row.type in SIMPLE:
            make, kind = simple(row.type, where), SIMPLE[row.type][0]
        else:
            make, kind = (self._string if row.is_array else chars)(where), STRING
        if row.is_array:
            make, kind = self._array(make, kind, where), kind | ARRAY
        return Slot(row.name.encode(), make, kind, where, bool(embedded(row)))

    def _array(self, one: Making, kind: int, where: str) -> Making:
        server = self._server

        def make(value: Any) -> Given:
            if not isinstance(value, list):
                raise mismatch(where, value, "an array")
            if None in value and not server.traits.instances:
                return None, kind | ARRAY
            items = [None if each is None else one(each) for each in value]
            types = {each[1] for each in items if each}
            if len(types) > 1:  # at one of them the server turned out to refuse instances
                items = [None if each is None else one(each) for each in value]
            type_ = next((each[1] for each in items if each), kind)
            made = server.made(server.make.array, len(items), type_)
            put = functions(ARRAYS, made).set
            for number, item in enumerate(items):
                if item is not None:
                    check(put(made, number, *item), where)
            return byref(c_void_p(made)), type_ | ARRAY

        return make

    def _string(self, where: str) -> Making:
        return lambda value: self._server.string(text(value, where))

    def _datetime(self, where: str) -> Making:
        server = self._server

        def make(value: Any) -> Given:
            made = server.made(server.make.datetime, text(value, where))
            return byref(c_void_p(made)), DATETIME

        return make

    def _reference(self, where: str) -> Making:
        def make(value: Any) -> Given:
            path = parse_path(value) if isinstance(value, str) else value
            if not isinstance(path, Path):
                raise mismatch(where, value, "reference")
            if not self._server.traits.escapes and quoted(path):
                raise Unfit(path)
            return byref(c_void_p(self.path(path))), REFERENCE

        return make

    def _embedding(self, where: str, whole: bool) -> Making:
        server = self._server

        def make(value: Any) -> Given:
            if not isinstance(value, Instance):
                raise mismatch(where, value, "instance")
            if whole or server.embeds:
                return byref(c_void_p(self.instance(value))), INSTANCE
            return server.string(carried(self._texts.instance(value), where))

        return make


def release(kind: Kind, object_: Address) -> None:
    """Give an object back to the server that made it, where it takes it."""
    function = functions(kind, object_).release
    if function:
        function(object_)
