# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CIM server as far as the adapter needs one: loads the library and asks it, as servers do.

It asks for one class at a time, and what a client wants of a superclass it puts together itself.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any, Optional

import pytest
from fake_broker import FakeBroker
from fake_objects import NULL, Thing, ffi, thing

from libvirt_cim import cim, cimom
from libvirt_cim.adapter import access, cmpi_library
from libvirt_cim.adapter.access import Access
from libvirt_cim.adapter.cmpi import Adapter
from libvirt_cim.broker import Broker
from libvirt_cim.provider import Provider

ROOT_WRITES = Access(None, {"root": access.WRITE})

KINDS = {  # the functions behind name and cleanup, in the order of CMPI's tables
    "Instance": "names instances get create modify delete query",
    "Association": "associators associator_names references reference_names",
    "Method": "invoke",
    "Indication": "authorize poll activate release enable disable",
}
ffi.cdef("".join(f"void *_Generic_Create_{kind}MI(void *, void *, char *, void *);"
                 for kind in KINDS))


@contextlib.contextmanager
def library_of(provider: Provider, folder: File, allowed: Access = ROOT_WRITES) -> Iterator[File]:
    """The library, which finds this Python, and in it an adapter to that provider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cimom, "_ADAPTER", Adapter(Broker([provider]), allowed, "interop"))
        yield cmpi_library.build(folder)


class Server:
    """A library that is loaded, and what it is asked by a server with that broker."""

    def __init__(self, library: File, broker: FakeBroker, provider: Provider) -> None:
        self.broker, self.schema = broker, provider.schema
        self._class_names = provider.enumerate_class_names
        self.library = ffi.dlopen(str(library))
        self.functions: dict[str, Any] = {}
        self.doors: dict[str, Any] = {}
        for kind, names in KINDS.items():
            factory = getattr(self.library, f"_Generic_Create_{kind}MI")
            door = factory(broker.c, broker.context(), b"virt", ffi.new("Status *"))
            assert door != NULL
            table = ffi.cast("Object *", door).ft
            for slot, name in enumerate(["cleanup", *names.split()], 2):
                key = f"{kind} cleanup" if name == "cleanup" else name
                self.functions[key], self.doors[key] = table[slot], door

    def call(self, name: str, *given: Any, principal: Optional[str] = "root") -> None:
        """Call a function; cim.Error with what it says, and whatever the broker found wrong."""
        kept = [ffi.new("char[]", each.encode()) if isinstance(each, str) else
                self.names(each) if isinstance(each, list) else each for each in given]
        values = [NULL if each is None else each for each in kept]
        types = ", ".join("unsigned char" if isinstance(each, bool) else "void *"
                          for each in values)
        function = ffi.cast(f"Status(*)(void *, void *{', ' if types else ''}{types})",
                            self.functions[name])
        said = function(self.doors[name], self.broker.context(principal), *values)
        if self.broker.mistakes:
            raise self.broker.mistakes.pop()
        if said.rc:
            text = "" if said.msg == NULL else thing(said.msg, "string").text
            raise cim.Error(said.rc, text) if said.rc < 30 else SystemError(said.rc, text)

    def names(self, texts: list[str]) -> Any:
        """A list of texts that ends with NULL."""
        kept = [ffi.new("char[]", each.encode()) for each in texts]
        made = ffi.new("char *[]", [*kept, NULL])
        self.broker.things.append((made, kept))  # type: ignore[arg-type]
        return made

    # operations, as a client asks for them

    def ask(self, name: str, *given: Any) -> Any:
        """An operation's CMPIResult."""
        result = self.broker.result()
        self.call(name, result.c, *given)
        assert result.done
        return result

    def enumerate_instances(
        self, class_name: str, namespace: Optional[str] = None,
        deep_inheritance: Optional[bool] = None, property_list: Optional[list[str]] = None,
    ) -> list[cim.Instance]:
        """EnumerateInstances: each class below is asked for."""
        found = [each for path in self.below(class_name, namespace)
                 for each in self.instances(self.ask("instances", path, property_list),
                                            property_list)]
        if deep_inheritance is False:
            own = {name.lower() for name in self.schema.resolved(class_name).properties}
            for each in found:
                each.properties = {name: value for name, value in each.properties.items()
                                   if name.lower() in own}
        return found

    def enumerate_instance_names(
        self, class_name: str, namespace: Optional[str] = None
    ) -> list[cim.Path]:
        """EnumerateInstanceNames."""
        return [each for path in self.below(class_name, namespace)
                for each in self.paths(self.ask("names", path))]

    def below(self, class_name: str, namespace: Optional[str]) -> Iterator[Any]:
        """The paths of a class and of those below it."""
        namespace, names = namespace or "root/virt", [class_name]
        with contextlib.suppress(cim.Error):
            names += self._class_names(class_name, namespace, True)
        return (self.broker.path(namespace, name, {}) for name in names)

    def get_instance(
        self, instance_name: str, property_list: Optional[list[str]] = None
    ) -> cim.Instance:
        """GetInstance."""
        found, = self.instances(
            self.ask("get", self.path(instance_name), property_list), property_list)
        return found

    def exec_query(self, query_language: str, query: str, namespace: Optional[str] = None
                   ) -> list[cim.Instance]:
        """ExecQuery, of the class that is asked for or else of each below it."""
        name = [*re.findall(r" from (\w+)", query, re.IGNORECASE), "CIM_System"][0]
        found, paths = [], list(self.below(name, namespace))
        for path in paths:
            try:
                found += self.instances(self.ask("query", path, query, query_language), None)
            except cim.Error as error:
                if error.status != cim.Status.NOT_SUPPORTED or len(paths) == 1:
                    raise
        return found

    def associators(
        self, object_name: str, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, property_list: Optional[list[str]] = None,
    ) -> list[cim.Instance]:
        """Associators."""
        return self.instances(self.ask(
            "associators", self.path(object_name), assoc_class, result_class, role, result_role,
            property_list), property_list)

    def associator_names(
        self, object_name: str, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None,
    ) -> list[cim.Path]:
        """AssociatorNames."""
        return self.paths(self.ask("associator_names", self.path(object_name), assoc_class,
                                   result_class, role, result_role))

    def references(
        self, object_name: str, result_class: Optional[str] = None, role: Optional[str] = None,
        property_list: Optional[list[str]] = None,
    ) -> list[cim.Instance]:
        """References."""
        return self.instances(self.ask("references", self.path(object_name), result_class, role,
                                       property_list), property_list)

    def reference_names(
        self, object_name: str, result_class: Optional[str] = None, role: Optional[str] = None
    ) -> list[cim.Path]:
        """ReferenceNames."""
        return self.paths(self.ask("reference_names", self.path(object_name), result_class, role))

    def invoke_method(
        self, object_name: str, method: str, given: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """A method: CMPIData for each parameter given; what it returns, and what comes out."""
        broker = self.broker
        held: dict[str, Any] = {}
        into, out = Thing(broker, "args", values=dict(given)), Thing(broker, "args", values=held)
        result = self.ask("invoke", self.path(object_name), method, into.c, out.c)
        returned = result.values[0] if result.values else None
        return returned, {name: self.value(broker.read(each))
                          for name, each in held.items()}

    # our values

    def path(self, text: str) -> Any:
        """The CMPIObjectPath of a path's text."""
        path = cim.parse_path(text)
        keys = {name: self.path(value) if isinstance(value, str) and self._reference(
            path.class_name, name) else value for name, value in path.keys.items()}
        return self.broker.path(path.namespace or "root/virt", path.class_name, keys)

    def _reference(self, class_name: str, name: str) -> bool:
        if class_name not in self.schema:
            return False
        row = cim.find(self.schema.resolved(class_name).properties, name)
        return row is not None and row.type == "reference"

    def paths(self, result: Any) -> list[cim.Path]:
        """The paths that were given back."""
        return [self.value(each) for each in result.paths]

    def instances(self, result: Any, wanted: Optional[list[str]]) -> list[cim.Instance]:
        """The instances that were given back, with the properties that are wanted."""
        names = None if wanted is None else {each.lower() for each in wanted}
        found = []
        for path, values in result.instances:
            properties = {name: self.value(self.broker.read(each)) for name, each in values.items()
                          if names is None or name.lower() in names}
            found.append(cim.Instance(path.class_name, {
                name: value for name, value in properties.items() if value is not None},
                self.value(path)))
        return found

    def value(self, value: Any) -> Any:
        """What was read, as a value of ours."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, Thing):
            return value
        return self._object(value)

    def _object(self, held: Any) -> Any:
        values = {name: self.value(self.broker.read(each)) for name, each in held.values.items()}
        if held.kind == "path":
            return cim.Path(held.class_name, values, held.namespace or None)
        return cim.Instance(held.path.class_name, values)
