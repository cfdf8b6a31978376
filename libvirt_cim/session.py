# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pulled operations (DSP0200 1.4, 5.3.2.24) of one client on one provider: open, pull, close.

Knows no wire, and of a provider its operations only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, Optional

import attrs

from .cim import Error, Instance, Path, Status, find, invalid, parse_path
from .enumeration import Contexts, Opened, Part, count
from .provider import Provider
from .selection import Filter, Selection, trimmed

OPERATIONS = frozenset({
    "open_enumerate_instances", "open_enumerate_instance_paths", "open_associator_instances",
    "open_associator_instance_paths", "open_reference_instances", "open_reference_instance_paths",
    "open_query_instances", "pull_instances_with_path", "pull_instance_paths", "pull_instances",
    "close_enumeration", "enumeration_count",
})
INSTANCES, PATHS, ROWS = "instances", "paths", "rows of a query"  # what an enumeration gives


class Session:
    """The pulled operations of one principal on one provider, with pywbem's argument names."""

    def __init__(self, provider: Provider, contexts: Contexts,
                 principal: Optional[str] = None) -> None:
        self.provider, self.contexts, self.principal = provider, contexts, principal

    def open_enumerate_instances(self, **arguments: Any) -> Part:
        """EnumerateInstances, in parts."""
        return self._open("enumerate_instances", INSTANCES, arguments)

    def open_enumerate_instance_paths(self, **arguments: Any) -> Part:
        """EnumerateInstanceNames, in parts."""
        return self._open("enumerate_instance_names", PATHS, arguments)

    def open_associator_instances(self, **arguments: Any) -> Part:
        """Associators of an instance, in parts."""
        return self._open("associators", INSTANCES, arguments)

    def open_associator_instance_paths(self, **arguments: Any) -> Part:
        """AssociatorNames of an instance, in parts."""
        return self._open("associator_names", PATHS, arguments)

    def open_reference_instances(self, **arguments: Any) -> Part:
        """References of an instance, in parts."""
        return self._open("references", INSTANCES, arguments)

    def open_reference_instance_paths(self, **arguments: Any) -> Part:
        """ReferenceNames of an instance, in parts."""
        return self._open("reference_names", PATHS, arguments)

    def open_query_instances(
        self, filter_query_language: str = "", filter_query: str = "",
        return_query_result_class: Optional[bool] = None, namespace: Optional[str] = None,
        operation_timeout: Optional[int] = None, continue_on_error: Optional[bool] = None,
        max_object_count: Optional[int] = None, **_: Any,
    ) -> Part:
        """ExecQuery, in parts; the instances have no paths."""
        timeout, most = self._checked(operation_timeout, continue_on_error, max_object_count)
        found = self.provider.exec_query(filter_query_language, filter_query, namespace)
        rows = (Instance(each.class_name, each.properties) for each in found)
        part = self.contexts.first(Opened(ROWS, self.principal, rows, timeout), most)
        if not return_query_result_class:
            return part
        asked = Selection(self.provider.schema, filter_query_language, filter_query)
        return attrs.evolve(part, result_class=asked.result_class)

    def pull_instances_with_path(
        self, enumeration_context: str = "", max_object_count: Optional[int] = None, **_: Any
    ) -> Part:
        """The next instances of an enumeration that is not a query's."""
        return self._next(enumeration_context, INSTANCES, max_object_count)

    def pull_instance_paths(
        self, enumeration_context: str = "", max_object_count: Optional[int] = None, **_: Any
    ) -> Part:
        """The next paths of an enumeration of paths."""
        return self._next(enumeration_context, PATHS, max_object_count)

    def pull_instances(
        self, enumeration_context: str = "", max_object_count: Optional[int] = None, **_: Any
    ) -> Part:
        """The next instances that a query found."""
        return self._next(enumeration_context, ROWS, max_object_count)

    def close_enumeration(self, enumeration_context: str = "", **_: Any) -> None:
        """End an enumeration before it has given all."""
        self.contexts.drop(enumeration_context, self.principal)

    def enumeration_count(self, **_: Any) -> NoReturn:
        """How much is to come is not known before it was read (CIM_ERR_NOT_SUPPORTED)."""
        raise Error(Status.NOT_SUPPORTED, "the number of objects is not known in advance")

    def _next(self, context: str, kind: str, most: Optional[int]) -> Part:
        if most is None:
            raise invalid("MaxObjectCount is required")
        return self.contexts.next(context, kind, self.principal, count("MaxObjectCount", most))

    def _open(self, method: str, kind: str, arguments: Mapping[str, Any]) -> Part:
        given = dict(arguments)
        timeout, most = self._checked(*(given.pop(name, None) for name in (
            "operation_timeout", "continue_on_error", "max_object_count")))
        if "instance_name" in given:
            given["object_name"] = _instance_path(given.pop("instance_name"))
        filtered = self._filter(given.pop("filter_query_language", None),
                                given.pop("filter_query", None))
        items = self._call(method, given) if filtered is None else \
            self._filtered(method, kind, given, filtered)
        opened = Opened(kind, self.principal, items, timeout,
                        bool(given.get("include_class_origin")))
        return self.contexts.first(opened, most)

    def _checked(
        self, timeout: Optional[int], continue_on_error: Optional[bool], most: Optional[int]
    ) -> tuple[int, int]:
        if continue_on_error:
            raise Error(Status.CONTINUATION_ON_ERROR_NOT_SUPPORTED,
                        "an enumeration ends with an error")
        self.contexts.check_room(self.principal)
        return self.contexts.timeout(timeout), count("MaxObjectCount", most or 0)

    def _filter(self, language: Optional[str], query: Optional[str]) -> Optional[Filter]:
        if bool(language) != bool(query):
            raise invalid("FilterQuery and FilterQueryLanguage go together")
        return Filter(self.provider.schema, language, query) if language and query else None

    def _call(self, method: str, given: Mapping[str, Any]) -> Iterator[Any]:
        found: Iterable[Any] = getattr(self.provider, method)(**given)
        return iter(found)

    def _filtered(
        self, method: str, kind: str, given: dict[str, Any], filtered: Filter
    ) -> Iterator[Any]:
        """What fits, whatever of it the client asked to see; a path's instance is read for it."""
        asked = [] if kind == PATHS else given.pop("property_list", None)
        shown = _own(self.provider, given, asked)
        found = self._call(method.replace("_names", "s"),
                           {**given, "property_list": filtered.reads(asked)})
        fitting = (each for each in found if filtered.fits(each))
        if kind == PATHS:
            return (each.path for each in fitting)
        return (trimmed(each, shown) for each in fitting)


def _instance_path(name: Any) -> Path:
    path = parse_path(name) if isinstance(name, str) else name
    if not isinstance(path, Path) or not path.keys:
        raise invalid(f"{name} does not name an instance")
    return path


def _own(provider: Provider, given: dict[str, Any], asked: Any) -> Any:
    """The properties to show; without deep inheritance, the class's own of them."""
    if given.pop("deep_inheritance", None) is not False:
        return asked
    own = provider.schema.resolved(given["class_name"]).properties
    return list(own) if asked is None else [each for each in asked if find(own, each)]
