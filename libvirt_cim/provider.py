# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of DSP0200 on one libvirt connection, with pywbem's argument names.

Dispatches by table; knows neither how documents are fetched nor what a client's wire looks like.
Every operation may raise cim.Error; generators raise while they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import attrs

from . import class_links, resource, service
from .change import Changes
from .cim import Error, Instance, Path, Property, Status, Value, find, parse_path
from .ground import Source
from .namespace import HOME, Namespaces
from .query import Query, if_there
from .schema import Schema, load
from .service.call import Call, Result, arguments
from .table import REST, Names
from .tree import Element

if TYPE_CHECKING:  # who reads only does without
    from .service.subscription import Subscriptions

ObjectPath = Union[Path, str]
PropertyList = Optional[Iterable[str]]
Served = tuple[Sequence[str], Mapping[str, Sequence[str]]]  # namespaces; by URL, how to log in


class Provider(Changes):
    """One host: reads it anew for each operation.

    Its own namespace is the first of `namespaces`; in the others some of its classes are shown.
    """

    def __init__(self, schema: Schema, source: Callable[[], Source],
                 namespace: str = HOME, close: Optional[Callable[[], None]] = None) -> None:
        self.schema = schema
        self.namespace = namespace
        self._places = Namespaces(schema, namespace)
        self.namespaces: tuple[str, ...] = self._places.names
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
        place = self._place(class_name, namespace)
        class_, wanted = self.schema.resolved(class_name), self._wanted(property_list)
        if deep_inheritance is False:
            own = frozenset(name.lower() for name in class_.properties)
            wanted = own - {REST.lower()} if wanted is None else wanted & own
        found = self._query(place).enumerate(class_.name, wanted)
        return map(self._places.placed, found)

    def enumerate_instance_names(
        self, class_name: str, namespace: Optional[str] = None, **_: Any
    ) -> Iterator[Path]:
        """The paths of the instances of a class and of those below it."""
        query = self._query(self._place(class_name, namespace))
        return map(self._places.located, query.names(class_name))

    def get_instance(
        self, instance_name: ObjectPath, property_list: PropertyList = None, **_: Any
    ) -> Instance:
        """The instance of a path; CIM_ERR_NOT_FOUND names the key that is wrong."""
        found = self._query().get(self._name(instance_name), self._wanted(property_list))
        return self._places.placed(found)

    def get_property(
        self, instance_name: ObjectPath, property_name: str, **_: Any
    ) -> tuple[Property, Value]:
        """A property's declaration and value: deprecated by DSP0200, and old clients ask it."""
        found = self.get_instance(instance_name, [property_name])
        row = find(self.schema.resolved(found.class_name).properties, property_name)
        if row is None:
            raise Error(Status.NO_SUCH_PROPERTY,
                        f"{found.class_name} has no property {property_name}")
        return row, found.get(row.name)

    def exec_query(
        self, query_language: str, query: str, namespace: Optional[str] = None, **_: Any
    ) -> Iterator[Instance]:
        """The instances that fit a query of WQL or DMTF:CQL, with the properties it asks for."""
        from .selection import Selection, trimmed  # who asks no queries need not load them

        self._places.name(namespace)
        asked = Selection(self.schema, query_language, query)
        place = self._place(asked.query.class_name, namespace)
        found = self._query(place).enumerate(
            asked.query.class_name, self._wanted(asked.reads), asked.fixed)
        return (trimmed(each, asked.selected) for each in map(self._places.placed, found)
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
        class_ = self._class_path(object_name)
        if class_ is not None:
            found = class_links.associated(self.schema, class_.class_name, *asked)
            return self._classes(class_, found, property_list, include_qualifiers)
        return map(self._places.placed, self._follow(
            "associators", object_name, *asked, self._wanted(property_list)))

    def associator_names(
        self, object_name: ObjectPath, assoc_class: Optional[str] = None,
        result_class: Optional[str] = None, role: Optional[str] = None,
        result_role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of what associators gives; those of classes have no keys."""
        asked = self._class(assoc_class), self._class(result_class), role, result_role
        class_ = self._class_path(object_name)
        if class_ is not None:
            found = class_links.associated(self.schema, class_.class_name, *asked)
            return self._class_paths(class_, found)
        return map(self._places.located, self._follow("associator_names", object_name, *asked))

    def references(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, property_list: PropertyList = None,
        include_qualifiers: Optional[bool] = False, **_: Any,
    ) -> Iterator[Any]:
        """The associations that have an instance as an end, or the classes of those of a class."""
        asked, class_ = (self._class(result_class), role), self._class_path(object_name)
        if class_ is not None:
            found = class_links.referring(self.schema, class_.class_name, *asked)
            return self._classes(class_, found, property_list, include_qualifiers)
        return map(self._places.placed, self._follow(
            "references", object_name, *asked, self._wanted(property_list)))

    def reference_names(
        self, object_name: ObjectPath, result_class: Optional[str] = None,
        role: Optional[str] = None, **_: Any,
    ) -> Iterator[Path]:
        """The paths of what references gives; those of classes have no keys."""
        asked, class_ = (self._class(result_class), role), self._class_path(object_name)
        if class_ is not None:
            found = class_links.referring(self.schema, class_.class_name, *asked)
            return self._class_paths(class_, found)
        return map(self._places.located, self._follow("reference_names", object_name, *asked))

    def _follow(self, operation: str, name: ObjectPath, *asked: Any) -> Iterator[Any]:
        """What a query finds from an instance; nothing from another provider's that is not ours."""
        path = parse_path(name) if isinstance(name, str) else name
        strange = self._places.strange(path)
        start = self._places.ours(path) if strange else self._name(path)
        found: Iterator[Any] = iter(()) if start is None else getattr(
            self._query(start.namespace), operation)(start, *asked)
        return if_there(found) if strange else found

    # methods

    def invoke_method(
        self, object_name: ObjectPath, method_name: str,
        params: Optional[Mapping[str, Value]] = None, /, **more: Value,
    ) -> Result:
        """Call a method of an instance: what it returns, and its output parameters by name.

        A method that the class does not declare is CIM_ERR_METHOD_NOT_FOUND, one that is declared
        and not there CIM_ERR_METHOD_NOT_AVAILABLE.
        """
        path = self._name(object_name)
        method = find(self.schema.resolved(path.class_name).methods, method_name)
        if method is None:
            raise Error(Status.METHOD_NOT_FOUND, f"{path.class_name} has no method {method_name}")
        given = arguments(path.class_name, method, {**(params or {}), **more})
        query = self._query()
        query.find(path)
        function = service.function(self.schema, path.class_name, method.name)
        if function is None:
            raise Error(Status.METHOD_NOT_AVAILABLE,
                        f"{path.class_name}.{method.name} is not available")
        returned, out = function(Call(query, path, given))
        return returned, {name: self._outgoing(value) for name, value in out.items()}

    # arguments and answers

    def _query(self, namespace: Optional[str] = None) -> Query:
        """What reads; of tables only those in a namespace, if one is given."""
        tables = None if namespace is None else partial(self._places.has, namespace)
        return Query(self.schema, self._source(), tables)

    def _name(self, name: ObjectPath) -> Path:
        """A path in its namespace, that of its class if it names none."""
        path = parse_path(name) if isinstance(name, str) else name
        class_name = self.schema.name(path.class_name)
        place = self._places.where(class_name)
        if path.namespace is not None:
            place = self._places.name(path.namespace)
            self.declared_in(place, class_name)
        if not path.keys:
            raise Error(Status.INVALID_PARAMETER, f"{path} names a class, not an instance")
        return attrs.evolve(self._parsed_references(path), namespace=place)

    def _parsed_references(self, path: Path) -> Path:
        """The path of an association with its ends as paths, which URIs hold as strings.

        An end in a namespace in which its class is not is CIM_ERR_NOT_FOUND.
        """
        declared = self.schema.resolved(path.class_name).properties
        keys = dict(path.keys)
        for name, value in keys.items():
            row = find(declared, name)
            if row is not None and row.type == "reference":
                keys[name] = end = parse_path(value) if isinstance(value, str) else value
                if isinstance(end, Path) and not self._places.right(end):
                    raise Error(Status.NOT_FOUND, f"No such instance ({row.name})")
        return attrs.evolve(path, keys=keys)

    def _class(self, name: Optional[str]) -> Optional[str]:
        """A filter's class name; one that is not declared is a wrong parameter (DSP0200)."""
        if name is not None and name not in self.schema:
            raise Error(Status.INVALID_PARAMETER, f"class {name} is not declared")
        return name

    def _wanted(self, property_list: PropertyList) -> Names:
        """The names of a property list as a query has them: in lower case; None is all."""
        if property_list is None:
            return None
        given = [property_list] if isinstance(property_list, str) else property_list
        return frozenset(name.lower() for name in given)

    def _outgoing(self, value: Value) -> Value:
        """A value with the namespaces of the paths in it."""
        if isinstance(value, list):
            return [self._outgoing(each) for each in value]
        return self._places.located(value) if isinstance(value, Path) else value


def connect(uri: str, read_only: bool = False, namespace: str = HOME,
            server: Union[bool, Callable[[], Served]] = True,
            kept: Optional[Subscriptions] = None) -> Provider:
    """The provider of a libvirt URI, such as qemu:///system; it connects when it is first used.

    libvirt is told who asks (principal.acting), where it takes that.
    `namespace` is its own: root/virt, or root/virt/NAME of a further connection. `server` says what
    the WBEM server has that the Interop namespace shows, `kept` who has subscribed there; True, the
    provider is its own; False, it answers beside one that says so.
    A URI that does not connect is CIM_ERR_FAILED.
    """
    from .hypervisor.pool import Pool
    from .request import requests

    pool = Pool(uri, read_only)
    schema = load(pool.shared.prefix)
    made: Provider
    makes = (lambda: _serving(made, pool.shared.here, server)) if server else None
    made = Provider(schema, requests(pool.connection, makes), namespace, pool.close)
    made.keep(kept, bool(server), pool.watching)
    return made


def _serving(made: Provider, system: str, server: Union[bool, Callable[[], Served]]) -> Element:
    """The document of the server that answers with a provider, on a host of that name."""
    from .hypervisor import document

    namespaces, ways = server() if callable(server) else (made.namespaces, {})
    parts = [] if made.subscriptions is None else [made.subscriptions.root]
    return document.server(resource.version(), system, namespaces, ways, parts)
