# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances, paths and parameters written as CIM-XML (DSP0201 2.4), straight to text.

Knows the elements; nothing of messages or HTTP. What instances with the same properties have in
common is compiled at the first of them: the text around the values, and a closure for each.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Optional, TypeVar

from ..cim import (
    Class,
    Error,
    Instance,
    Method,
    Path,
    Property,
    QualifierType,
    Status,
    Value,
    invalid,
)
from ..value import RANGES
from . import cimxml_encode_class
from .cimxml_plan import Fill, Plan, Slot, kind_of, planned
from .cimxml_value import Frame, Writer, array, attribute, escape, structure, writer
from .common import Classes, declared, embedded, rows

T = TypeVar("T")
Names = tuple[Optional[str], ...]  # a class and the names that have values
Plans = dict[Names, Plan]
PLANS = 4096  # an encoder keeps at most
_NAMED = "<VALUE.NAMEDINSTANCE>"
_ENTRIES = {True: ("DECLGROUP.WITHNAME", "VALUE.NAMEDOBJECT"), False: ("DECLGROUP", "VALUE.OBJECT")}


class Encoder:
    """CIM-XML texts of one schema's instances; keep it as long as the schema.

    `classes` gives a class with all it inherits; `qualifiers` the types of qualifiers, by name;
    `host` stands in full paths that name none; `nulls` writes properties that are NULL out empty;
    with `origins` each property of an instance tells the class that it comes from.
    A value that is not of its type, an unknown property or a character that XML has no place for
    is a cim.Error that names class.property.
    """

    def __init__(
        self,
        classes: Classes,
        qualifiers: Optional[Mapping[str, QualifierType]] = None,
        host: str = "localhost",
        nulls: bool = False,
        origins: bool = False,
    ) -> None:
        self._classes = classes
        self._qualifiers = {name.lower(): each for name, each in (qualifiers or {}).items()}
        self._host = host
        self._nulls, self._origins = nulls, origins
        self._plans: Plans = {}
        self._names: Plans = {}  # of INSTANCENAME
        self._named: dict[Names, Fill] = {}  # of both

    # instances

    def instance(self, instance: Instance) -> str:
        """INSTANCE."""
        properties = instance.properties
        plan = self._plans.get((instance.class_name, *properties))
        text = None if plan is None else plan.fill([*properties.values()])
        return self._instance(instance.class_name, properties, plan) if text is None else text

    def _instance(self, name: str, properties: Mapping[str, Value], plan: Optional[Plan]) -> str:
        """INSTANCE, with a plan that is new or knows more."""
        values = [*properties.values()]
        present = {name: value for name, value in properties.items() if value is not None}
        if len(present) < len(values):
            return self.instance(Instance(name, present))  # NULL is absent
        plan = (plan or self._plan(self._classes(name), properties)).marked(values)
        text = plan.text(values)
        _keep(self._plans, (name, *properties), plan)
        return text

    def named_instance(self, instance: Instance) -> str:
        """VALUE.NAMEDINSTANCE."""
        path, properties = instance.path or _path(instance), instance.properties
        names = (instance.class_name, *properties, None, path.class_name, *path.keys)
        fill = self._named.get(names)
        if fill is not None:
            text = fill([*path.keys.values(), *properties.values()])
            if text is not None:
                return text
        name, inner = self.instance_name(path), self.instance(instance)
        first = self._names.get((path.class_name, *path.keys))
        second = self._plans.get((instance.class_name, *properties))
        if first is not None and second is not None:
            parts = [_NAMED, *first.parts, *second.parts, f"</{_NAMED[1:]}"]
            _keep(self._named, names, planned(parts).fill)
        return f"{_NAMED}{name}{inner}</{_NAMED[1:]}"

    def object_with_path(self, instance: Instance) -> str:
        """VALUE.OBJECTWITHPATH."""
        path = self.instance_path(_path(instance))
        return f"<VALUE.OBJECTWITHPATH>{path}{self.instance(instance)}</VALUE.OBJECTWITHPATH>"

    def instance_with_path(self, instance: Instance) -> str:
        """VALUE.INSTANCEWITHPATH."""
        path = self.instance_path(_path(instance))
        return f"<VALUE.INSTANCEWITHPATH>{path}{self.instance(instance)}</VALUE.INSTANCEWITHPATH>"

    def document(self, instances: Iterable[Instance]) -> Iterator[str]:
        """A file of them: DECLGROUP for those without a path, DECLGROUP.WITHNAME for the others."""
        yield '<?xml version="1.0" encoding="utf-8"?>\n'
        yield '<CIM CIMVERSION="2.0" DTDVERSION="2.0">\n<DECLARATION>\n'
        empty = "<DECLGROUP/>\n"
        for (named, namespace, host), group in itertools.groupby(instances, _group):
            tag, item = _ENTRIES[named]
            yield f"<{tag}>\n{_location(namespace, host)}"
            for each in group:
                name = self.instance_name(_path(each)) if named else ""
                yield f"<{item}>{name}{self.instance(each)}</{item}>\n"
            yield f"</{tag}>\n"
            empty = ""
        yield f"{empty}</DECLARATION>\n</CIM>\n"

    def _plan(self, cls: Class, names: Iterable[str]) -> Plan:
        given = rows(cls, names)
        slots = [self._slot(row, f"{cls.name}.{row.name}") for row in given]
        absent = ""
        if self._nulls:
            others = [row for row in cls.properties.values() if row not in given]
            heads = [cimxml_encode_class.head(row, f"{cls.name}.{row.name}") for row in others]
            absent = "".join([f"<{tag}{attributes}/>" for tag, attributes in heads])
        return planned([f'<INSTANCE CLASSNAME="{cls.name}">', *slots, f"{absent}</INSTANCE>"])

    def _slot(self, row: Property, where: str) -> Slot:
        tag, attributes = cimxml_encode_class.head(row, where)
        attributes += cimxml_encode_class.origin(row.origin) if self._origins else ""
        before, after, write = self._element(row, where)
        return Slot(f"<{tag}{attributes}>{before}", f"{after}</{tag}>", write, *kind_of(row))

    # values

    def _element(self, row: Property, where: str) -> tuple[str, str, Writer]:
        """The tags around a value of the row's type, and its writer."""
        one = "VALUE.REFERENCE" if row.type == "reference" else "VALUE"
        if not row.is_array:
            return f"<{one}>", f"</{one}>", self._scalar(row, Frame("", "", None, where, row.type))
        many = "VALUE.REFARRAY" if row.type == "reference" else "VALUE.ARRAY"
        item = Frame(f"<{one}>", f"</{one}>", "<VALUE.NULL/>", where, row.type)
        frame = Frame("", "", None, where, f"{row.type}[]")
        return f"<{many}>", f"</{many}>", array(frame, self._scalar(row, item))

    def _scalar(self, row: Property, frame: Frame) -> Writer:
        if row.type == "reference":
            return structure(frame, Path, self.reference)
        if embedded(row):
            where = frame.where
            return structure(frame, Instance, lambda each: escape(self.instance(each), where))
        return writer(frame)

    def value(self, row: Property, value: Value, where: str) -> str:
        """VALUE, VALUE.ARRAY, VALUE.REFERENCE or VALUE.REFARRAY; nothing where it is NULL."""
        if value is None:
            return ""
        before, after, write = self._element(row, where)
        return f"{before}{write(value)}{after}"

    def parameter(self, row: Property, value: Value) -> str:
        """PARAMVALUE."""
        content = self.value(row, value, row.name)
        return f'<PARAMVALUE NAME="{row.name}"{_type(row)}>{content}</PARAMVALUE>'

    def returned(self, method: Method, value: Value) -> str:
        """RETURNVALUE."""
        row = Property("ReturnValue", method.type, qualifiers=method.qualifiers)
        content = self.value(row, value, f"{method.name}()")
        return f"<RETURNVALUE{_type(row)}>{content}</RETURNVALUE>"

    # paths

    def instance_name(self, path: Path) -> str:
        """INSTANCENAME, its keys typed by the class; in a class unknown here, by their values."""
        keys = path.keys
        plan = self._names.get((path.class_name, *keys))
        text = None if plan is None else plan.fill([*keys.values()])
        return self._instance_name(path, [*keys.values()]) if text is None else text

    def _instance_name(self, path: Path, values: Sequence[Value]) -> str:
        """INSTANCENAME, with a plan that is new or knows more."""
        known = self._known(path)
        cls = known or cimxml_encode_class.untyped(path)
        slots = [self._key(row, f"{cls.name}.{row.name}")
                 for row in (declared(cls, name) for name in path.keys)]
        plan = planned([f'<INSTANCENAME CLASSNAME="{cls.name}">', *slots, "</INSTANCENAME>"])
        text = plan.text(values)
        if known is not None:
            names = (path.class_name, *path.keys)
            _keep(self._names, names, (self._names.get(names) or plan).marked(values))
        return text

    def _known(self, path: Path) -> Optional[Class]:
        try:
            return self._classes(path.class_name)
        except Error as error:
            if error.status not in (Status.INVALID_CLASS, Status.NOT_FOUND):
                raise
            return None

    def _key(self, row: Property, where: str) -> Slot:
        tag, attributes = "VALUE.REFERENCE", ""
        if row.type != "reference":
            numeric = row.type in RANGES or row.type.startswith("real")
            kind = "numeric" if numeric else "boolean" if row.type == "boolean" else "string"
            tag, attributes = "KEYVALUE", f' VALUETYPE="{kind}" TYPE="{row.type}"'
        write = self._scalar(row, Frame("", "", None, where, row.type))
        return Slot(f'<KEYBINDING NAME="{row.name}"><{tag}{attributes}>', f"</{tag}></KEYBINDING>",
                    write, *kind_of(row))

    def reference(self, path: Path) -> str:
        """What VALUE.REFERENCE holds: as much of the path as is known; no keys means a class."""
        kind = "INSTANCE" if path.keys else "CLASS"
        name = self.instance_name(path) if path.keys else class_name(path.class_name)
        if path.namespace is None:
            return name
        tag = f"{kind}PATH" if path.host else f"LOCAL{kind}PATH"
        return f"<{tag}>{_location(path.namespace, path.host)}{name}</{tag}>"

    def instance_path(self, path: Path) -> str:
        """INSTANCEPATH; a path without a namespace is CIM_ERR_INVALID_PARAMETER."""
        if path.namespace is None:
            raise invalid(f"{path}: the path has no namespace")
        location = _location(path.namespace, path.host or self._host)
        return f"<INSTANCEPATH>{location}{self.instance_name(path)}</INSTANCEPATH>"

    def class_path(self, name: str, namespace: str) -> str:
        """CLASSPATH."""
        return self.reference(Path(name, {}, namespace, self._host))

    def object_path(self, path: Path) -> str:
        """OBJECTPATH."""
        return f"<OBJECTPATH>{self.instance_path(path)}</OBJECTPATH>"

    # declarations

    def class_(self, cls: Class, origin: bool = False) -> str:
        """CLASS; with `origin`, each property and method tells the class it comes from."""
        return cimxml_encode_class.class_(cls, self._qualifiers, self.value, origin)

    def qualifier_type(self, declaration: QualifierType) -> str:
        """QUALIFIER.DECLARATION."""
        return cimxml_encode_class.qualifier_type(declaration, self.value)


def class_name(name: str) -> str:
    """CLASSNAME."""
    return f'<CLASSNAME NAME="{attribute(name, name)}"/>'


def _keep(plans: dict[Names, T], names: Names, plan: T) -> None:
    if len(plans) >= PLANS:
        plans.clear()
    plans[names] = plan


def _type(row: Property) -> str:
    """PARAMTYPE and EmbeddedObject."""
    kind = embedded(row)
    return f' PARAMTYPE="{row.type}"' + (f' EmbeddedObject="{kind}"' if kind else "")


def _path(instance: Instance) -> Path:
    if instance.path is None:
        raise invalid(f"{instance.class_name}: the instance has no path")
    return instance.path


def _group(instance: Instance) -> tuple[bool, Optional[str], Optional[str]]:
    path = instance.path
    return (False, None, None) if path is None else (True, path.namespace, path.host)


@functools.lru_cache(maxsize=64)
def _location(namespace: Optional[str], host: Optional[str]) -> str:
    """NAMESPACEPATH, or LOCALNAMESPACEPATH where there is no host, or nothing."""
    if namespace is None:
        return ""
    names = "".join(f'<NAMESPACE NAME="{attribute(name, name)}"/>' for name in namespace.split("/"))
    local = f"<LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>"
    if not host:
        return local
    return f"<NAMESPACEPATH><HOST>{escape(host, host)}</HOST>{local}</NAMESPACEPATH>"
