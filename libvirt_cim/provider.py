# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of DSP0200 on one libvirt connection, with pywbem's argument names.

Dispatches by table; knows neither how documents are fetched nor what a client's wire looks like.
Every operation may raise cim.Error; generators raise while they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional, TypeVar, Union

import attrs

from .cim import Class, Error, Instance, Path, QualifierType, Status, find, parse_path
from .ground import Source
from .query import Query
from .schema import Schema, load
from .table import Names

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
        wanted = self._wanted(property_list)
        if deep_inheritance is False:
            own = frozenset(self.schema.resolved(class_name).properties)
            wanted = own if wanted is None else wanted & own
        found = self._query().enumerate(class_name, wanted)
        return map(self._located, found)

    def enumerate_instance_names(
        self, class_name: str, namespace: Optional[str] = None, **_: Any
    ) -> Iterator[Path]:
        """The paths of the instances of a class and of those below it."""
        self._check_namespace(namespace)
        return (self._path(each) for each in self._query().names(class_name))

    def get_instance(
        self, instance_name: ObjectPath, property_list: PropertyList = None, **_: Any
    ) -> Instance:
        """The instance of a path; CIM_ERR_NOT_FOUND names the key that is wrong."""
        found = self._query().get(self._name(instance_name), self._wanted(property_list))
        return self._located(found)

    # associations

    def associators(
        self, object_name: ObjectPath, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, property_list: PropertyList = None, **_: Any,
    ) -> Iterator[Instance]:
        """The instances that associations lead to, from an instance."""
        found = self._query().associators(
            self._name(object_name), self._class(assoc_class), self._class(result_class),
            role, result_role, self._wanted(property_list),
        )
        return (self._located(each) for each in found)

    def associator_names(
        self, object_name: ObjectPath, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of the instances that associations lead to, from an instance."""
        found = self._query().associator_names(
            self._name(object_name), self._class(assoc_class), self._class(result_class),
            role, result_role,
        )
        return (self._path(each) for each in found)

    def references(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, property_list: PropertyList = None, **_: Any,
    ) -> Iterator[Instance]:
        """The associations that have an instance as an end."""
        found = self._query().references(
            self._name(object_name), self._class(result_class), role, self._wanted(property_list)
        )
        return (self._located(each) for each in found)

    def reference_names(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of the associations that have an instance as an end."""
        found = self._query().reference_names(
            self._name(object_name), self._class(result_class), role)
        return (self._path(each) for each in found)

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
        found = _shown(self.schema.resolved(class_name), local_only, include_qualifiers)
        if property_list is None:
            return found
        names = {name.lower() for name in property_list}
        return attrs.evolve(found, properties={
            name: each for name, each in found.properties.items() if name.lower() in names})

    def enumerate_classes(
        self, class_name: Optional[str] = None, namespace: Optional[str] = None,
        deep_inheritance: Optional[bool] = False, local_only: Optional[bool] = True,
        include_qualifiers: Optional[bool] = True, **_: Any,
    ) -> Iterator[Class]:
        """The classes below a class, or at the top; all levels of them with deep inheritance."""
        for name in self.enumerate_class_names(class_name, namespace, deep_inheritance):
            yield _shown(self.schema.resolved(name), local_only, include_qualifiers)

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


def _shown(class_: Class, local_only: Optional[bool], qualifiers: Optional[bool]) -> Class:
    """A class without what it inherits or without qualifiers, as asked."""
    def kept(features: Any) -> Any:
        return {
            name: each if qualifiers is not False else attrs.evolve(each, qualifiers={})
            for name, each in features.items() if not local_only or each.origin == class_.name
        }

    own = class_.qualifiers if qualifiers is not False else {}
    return attrs.evolve(class_, properties=kept(class_.properties),
                        methods=kept(class_.methods), qualifiers=own)


def connect(uri: str, read_only: bool = False) -> Provider:
    """The provider of a libvirt URI, such as qemu:///system; it connects when it is first used.

    A URI that does not connect is CIM_ERR_FAILED.
    """
    from .hypervisor.connection import Connection
    from .request import Request

    connection = Connection(uri, read_only)
    schema = load(connection.prefix)
    return Provider(schema, lambda: Request(connection), close=connection.close)
