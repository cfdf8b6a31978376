# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations on classes and qualifiers: what is declared, in which namespace. Asks no host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Optional, Union

from . import class_links
from .cim import Class, Error, Path, QualifierType, Status, find, parse_path
from .namespace import Namespaces
from .schema import Schema


class Declarations:
    """What a client may ask of one hypervisor's classes."""

    schema: Schema
    namespace: str
    _places: Namespaces

    def get_class(
        self, class_name: str, namespace: Optional[str] = None, local_only: Optional[bool] = True,
        include_qualifiers: Optional[bool] = True, property_list: Optional[Iterable[str]] = None,
        **_: Any,
    ) -> Class:
        """The declaration of a class; every property and method knows its origin.

        A class that is not declared is CIM_ERR_NOT_FOUND (DSP0200, 5.3.2.1).
        """
        place = self._places.name(namespace)
        if class_name not in self.schema or namespace is not None and not self._places.has(
                place, self.schema.name(class_name)):
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
        place = self._places.name(namespace)
        top = None if class_name is None else self.declared_in(place, class_name)
        return [name for name in self.schema.children(top, bool(deep_inheritance))
                if self._places.has(place, name)]

    def get_qualifier(
        self, qualifier_name: str, namespace: Optional[str] = None, **_: Any
    ) -> QualifierType:
        """The declaration of a qualifier."""
        self._places.name(namespace)
        found = find(self.schema.qualifiers, qualifier_name)
        if found is None:
            raise Error(Status.NOT_FOUND, f"qualifier {qualifier_name} is not declared")
        return found

    def enumerate_qualifiers(
        self, namespace: Optional[str] = None, **_: Any
    ) -> list[QualifierType]:
        """The declarations of all qualifiers."""
        self._places.name(namespace)
        return list(self.schema.qualifiers.values())

    def declared_in(self, namespace: str, class_name: str) -> str:
        """The declared name of a class that is in a namespace, or CIM_ERR_INVALID_CLASS."""
        name = self.schema.name(class_name)
        if not self._places.has(namespace, name):
            raise Error(Status.INVALID_CLASS, f"class {class_name} is not declared in {namespace}")
        return name

    def _place(self, class_name: str, namespace: Optional[str]) -> str:
        """The namespace to enumerate a class in: without one the first with instances of it."""
        if namespace is None:
            return self._places.where(self.schema.name(class_name))
        place = self._places.name(namespace)
        self.declared_in(place, class_name)
        return place

    def _class_path(self, name: Union[Path, str]) -> Optional[Path]:
        """The class, in its namespace, that a path without keys names; None for an instance."""
        path = parse_path(name) if isinstance(name, str) else name
        if path.keys:
            return None
        class_name = self.schema.name(path.class_name)
        return Path(class_name, {}, self._place(class_name, path.namespace))

    def _class_paths(self, from_: Path, names: Iterable[str]) -> Iterator[Path]:
        """The paths of those classes that are in the namespace of another one."""
        place = from_.namespace or self.namespace
        return (Path(each, {}, place) for each in names if self._places.has(place, each))

    def _classes(
        self, from_: Path, names: Iterable[str], property_list: Optional[Iterable[str]],
        qualifiers: Optional[bool],
    ) -> Iterator[Class]:
        found = [path.class_name for path in self._class_paths(from_, names)]
        return (class_links.shown(each, False, bool(qualifiers), property_list)
                for each in map(self.schema.resolved, found))
