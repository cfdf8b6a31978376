# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of DSP0200 on one libvirt connection, with pywbem's argument names.

Dispatches by table; knows neither how documents are fetched nor what a client's wire looks like.
Every operation may raise cim.Error; generators raise while they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional, TypeVar, Union

import attrs

from . import class_links
from .cim import Class, Error, Instance, Path, QualifierType, Status, find, parse_path
from .ground import Source
from .query import Query
from .schema import Schema, load
from .table import REST, Names

NAMESPACE = "root/virt"
ObjectPath = Union[Path, str]
PropertyList = Optional[Iterable[str]]
T = TypeVar("T")


class Provider:
    """One host: reads it anew for each operation."""

    def __init__(self, schema: Schema, source: Callable[[], Source],
                 namespace: str = NAMESPACE, close: Optional[Callable[[], None]] = None) -> None:
        self.schema = schema
        self.namespace = namespace
        self._source = source
        self._close = close

    def close(self) -> None:
        """Close the connection; the next operation would open it again."""
        if self._close is not None:
            self._close()

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # instances

    def enumerate_instances(
        self, class_name: str, namespace: Optional[str] = None,
        deep_inheritance: Optional[bool] = None, property_list: PropertyList = None, **_: Any,
    ) -> Iterator[Instance]:
        """The instances of a class and of those below it, as they are read.

        Without deep inheritance they show the class's own properties only. UnmappedXML comes
        only if the property list names it.
        """
        self._check_namespace(namespace)
        class_, wanted = self.schema.resolved(class_name), self._wanted(property_list)
        if deep_inheritance is False:
            own = frozenset(class_.properties)
            wanted = own - {REST} if wanted is None else wanted & own
        found = self._query().enumerate(class_.name, wanted)
        return map(self._located, found)

    def enumerate_instance_names(
        self, class_name: str, namespace: Optional[str] = None, **_: Any
    ) -> Iterator[Path]:
        """The paths of the instances of a class and of those below it."""
        self._check_namespace(namespace)
        name = self.schema.name(class_name)
        return (self._path(each) for each in self._query().names(name))

    def get_instance(
        self, instance_name: ObjectPath, property_list: PropertyList = None, **_: Any
    ) -> Instance:
        """The instance of a path; CIM_ERR_NOT_FOUND names the key that is wrong."""
        found = self._query().get(self._name(instance_name), self._wanted(property_list))
        return self._located(found)

    def exec_query(
        self, query_language: str, query: str, namespace: Optional[str] = None, **_: Any
    ) -> Iterator[Instance]:
        """The instances that fit a query of WQL or DMTF:CQL, with the properties it asks for."""
        from .selection import Selection, trimmed  # who asks no queries need not load them

        self._check_namespace(namespace)
        asked = Selection(self.schema, query_language, query)
        found = self._query().enumerate(
            asked.query.class_name, self._wanted(asked.reads), asked.fixed)
        return (trimmed(each, asked.selected) for each in map(self._located, found)
                if asked.fits(each))

    # associations; from a class, they lead to declarations

    def associators(
        self, object_name: ObjectPath, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, property_list: PropertyList = None,
        include_qualifiers: Optional[bool] = False, **_: Any,
    ) -> Iterator[Any]:
        """The instances that associations lead to from an instance, or classes from a class."""
        asked = self._class(assoc_class), self._class(result_class), role, result_role
        name = self._class_name(object_name)
        if name is not None:
            found = class_links.associated(self.schema, name, *asked)
            return self._classes(found, property_list, include_qualifiers)
        wanted = self._wanted(property_list)
        return map(self._located, self._query().associators(
            self._name(object_name), *asked, wanted))

    def associator_names(
        self, object_name: ObjectPath, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of what associators gives; those of classes have no keys."""
        asked = self._class(assoc_class), self._class(result_class), role, result_role
        name = self._class_name(object_name)
        if name is not None:
            found = class_links.associated(self.schema, name, *asked)
            return (Path(each, {}, self.namespace) for each in found)
        return map(self._path, self._query().associator_names(self._name(object_name), *asked))

    def references(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, property_list: PropertyList = None,
        include_qualifiers: Optional[bool] = False, **_: Any,
    ) -> Iterator[Any]:
        """The associations that have an instance as an end, or the classes of those of a class."""
        asked, name = (self._class(result_class), role), self._class_name(object_name)
        if name is not None:
            found = class_links.referring(self.schema, name, *asked)
            return self._classes(found, property_list, include_qualifiers)
        wanted = self._wanted(property_list)
        return map(self._located, self._query().references(
            self._name(object_name), *asked, wanted))

    def reference_names(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of what references gives; those of classes have no keys."""
        asked, name = (self._class(result_class), role), self._class_name(object_name)
        if name is not None:
            found = class_links.referring(self.schema, name, *asked)
            return (Path(each, {}, self.namespace) for each in found)
        return map(self._path, self._query().reference_names(self._name(object_name), *asked))

    # classes

    def get_class(
        self, class_name: str, namespace: Optional[str] = None, local_only: Optional[bool] = True,
        include_qualifiers: Optional[bool] = True, property_list: PropertyList = None, **_: Any,
    ) -> Class:
        """The declaration of a class; every property and method knows its origin.

        A class that is not declared is CIM_ERR_NOT_FOUND (DSP0200, 5.3.2.1).
        """
        self._check_namespace(namespace)
        if class_name not in self.schema:
            raise Error(Status.NOT_FOUND, f"class {class_name} is not declared")
        return class_links.shown(
            self.schema.resolved(class_name), local_only, include_qualifiers, property_list)

    def enumerate_classes(
        self, class_name: Optional[str] = None, namespace: Optional[str] = None,
        deep_inheritance: Optional[bool] = False, local_only: Optional[bool] = True,
        include_qualifiers: Optional[bool] = True, **_: Any,
    ) -> Iterator[Class]:
        """The classes below a class, or at the top; all levels of them with deep inheritance."""
        for name in self.enumerate_class_names(class_name, namespace, deep_inheritance):
            yield class_links.shown(self.schema.resolved(name), local_only, include_qualifiers)

    def enumerate_class_names(
        self, class_name: Optional[str] = None, namespace: Optional[str] = None,
        deep_inheritance: Optional[bool] = False, **_: Any,
    ) -> list[str]:
        """The names of the classes below a class, or at the top."""
        self._check_namespace(namespace)
        top = None if class_name is None else self.schema.name(class_name)
        return self.schema.children(top, bool(deep_inheritance))

    def get_qualifier(
        self, qualifier_name: str, namespace: Optional[str] = None, **_: Any
    ) -> QualifierType:
        """The declaration of a qualifier."""
        self._check_namespace(namespace)
        found = find(self.schema.qualifiers, qualifier_name)
        if found is None:
            raise Error(Status.NOT_FOUND, f"qualifier {qualifier_name} is not declared")
        return found

    def enumerate_qualifiers(
        self, namespace: Optional[str] = None, **_: Any
    ) -> list[QualifierType]:
        """The declarations of all qualifiers."""
        self._check_namespace(namespace)
        return list(self.schema.qualifiers.values())

    # arguments and answers

    def _query(self) -> Query:
        return Query(self.schema, self._source())

    def _check_namespace(self, namespace: Optional[str]) -> None:
        if namespace is not None and namespace.strip("/").lower() != self.namespace:
            raise Error(Status.INVALID_NAMESPACE, f"namespace {namespace} does not exist")

    def _class_name(self, name: ObjectPath) -> Optional[str]:
        """The class that a path without keys names; None where it names an instance."""
        path = parse_path(name) if isinstance(name, str) else name
        if path.keys:
            return None
        self._check_namespace(path.namespace)
        return self.schema.name(path.class_name)

    def _classes(
        self, names: Iterable[str], property_list: PropertyList, qualifiers: Optional[bool]
    ) -> Iterator[Class]:
        return (class_links.shown(each, False, bool(qualifiers), property_list)
                for each in map(self.schema.resolved, names))

    def _name(self, name: ObjectPath) -> Path:
        path = parse_path(name) if isinstance(name, str) else name
        self._check_namespace(path.namespace)
        if path.class_name not in self.schema:
            raise Error(Status.INVALID_CLASS, f"class {path.class_name} is not declared")
        if not path.keys:
            raise Error(Status.INVALID_PARAMETER, f"{path} names a class, not an instance")
        return self._parsed_references(path)

    def _parsed_references(self, path: Path) -> Path:
        """The path of an association with its ends as paths, which URIs hold as strings."""
        declared = self.schema.resolved(path.class_name).properties
        keys = dict(path.keys)
        for name, value in keys.items():
            row = find(declared, name)
            if row is not None and row.type == "reference" and isinstance(value, str):
                keys[name] = parse_path(value)
        return attrs.evolve(path, keys=keys)

    def _class(self, name: Optional[str]) -> Optional[str]:
        """A filter's class name; one that is not declared is a wrong parameter (DSP0200)."""
        if name is not None and name not in self.schema:
            raise Error(Status.INVALID_PARAMETER, f"class {name} is not declared")
        return name

    def _wanted(self, property_list: PropertyList) -> Names:
        """The declared names of a property list, of whatever class; None is all."""
        if property_list is None:
            return None
        given = [property_list] if isinstance(property_list, str) else property_list
        return frozenset(each for name in given for each in self.schema.spellings(name))

    def _path(self, path: Path) -> Path:
        """A path, and those of an association's ends, with the namespace."""
        keys = path.keys
        if self.schema.is_association(path.class_name):
            keys = {name: self._path(end) for name, end in keys.items()}
        return Path(path.class_name, keys, self.namespace)

    def _located(self, instance: Instance) -> Instance:
        """An instance whose path, and whose references, name the namespace."""
        assert instance.path is not None
        path = instance.path = self._path(instance.path)
        if self.schema.is_association(instance.class_name):
            ends = {name: end for name, end in path.keys.items() if name in instance.properties}
            instance.properties.update(ends)
        return instance


def connect(uri: str, read_only: bool = False) -> Provider:
    """The provider of a libvirt URI, such as qemu:///system; it connects when it is first used.

    A URI that does not connect is CIM_ERR_FAILED.
    """
    from .hypervisor.connection import Connection
    from .request import Request

    connection = Connection(uri, read_only)
    schema = load(connection.prefix)
    return Provider(schema, lambda: Request(connection), close=connection.close)
