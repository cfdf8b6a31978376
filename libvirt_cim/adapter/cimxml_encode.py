# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances, paths and parameters written as CIM-XML (DSP0201 2.4), straight to text.

Knows the elements; nothing of messages or HTTP. What instances with the same properties have in
common is compiled at the first of them: the text around the values, and a closure for each.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Callable, Optional

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
from .cimxml_plan import Plan, Slot, planned
from .cimxml_value import Frame, Writer, array, attribute, escape, strings, structure, writer
from .common import Classes, declared, embedded, rows

PLANS = 4096  # an encoder keeps at most
_ENTRIES = {True: ("DECLGROUP.WITHNAME", "VALUE.NAMEDOBJECT"), False: ("DECLGROUP", "VALUE.OBJECT")}


class _Writers(dict[str, Writer]):
    """A class's writers by the name of the property, each made when it is first asked for."""

    def __init__(self, cls: Class, make: Callable[[Property, str], Writer]) -> None:
        super().__init__()
        self.cls = cls
        self.make = make

    def __missing__(self, name: str) -> Writer:
        row = declared(self.cls, name)
        writer = self[name] = self.make(row, f"{self.cls.name}.{row.name}")
        return writer


class Encoder:
    """CIM-XML texts of one schema's instances; keep it as long as the schema.

    `classes` gives a class with all it inherits; `qualifiers` the types of qualifiers, by name;
    `host` stands in full paths that name none; `nulls` writes properties that are NULL out empty.
    A value that is not of its type, an unknown property or a character that XML has no place for
    is a cim.Error that names class.property.
    """

    def __init__(
        self,
        classes: Classes,
        qualifiers: Optional[Mapping[str, QualifierType]] = None,
        host: str = "localhost",
        nulls: bool = False,
    ) -> None:
        self._classes = classes
        self._qualifiers = {name.lower(): each for name, each in (qualifiers or {}).items()}
        self._host = host
        self._nulls = nulls
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._keys: dict[str, _Writers] = {}

    # instances

    def instance(self, instance: Instance) -> str:
        """INSTANCE."""
        properties = instance.properties
        plan = self._plans.get((instance.class_name, *properties))
        if plan is not None:
            try:
                text = plan.fill([*properties.values()])
            except (TypeError, Error):
                text = None  # the slow way tells why
            if text is not None:
                return text
        return self._instance(instance.class_name, properties, plan)

    def _instance(self, name: str, properties: Mapping[str, Value], plan: Optional[Plan]) -> str:
        """INSTANCE, with a plan that is new or knows more."""
        values = [*properties.values()]
        present = {name: value for name, value in properties.items() if value is not None}
        if len(present) < len(values):
            return self.instance(Instance(name, present))  # NULL is absent
        plan = (plan or self._plan(self._classes(name), properties)).marked(values)
        if len(self._plans) >= PLANS:
            self._plans.clear()
        self._plans[(name, *properties)] = plan
        text = plan.fill(values)
        assert text is not None
        return text

    def named_instance(self, instance: Instance) -> str:
        """VALUE.NAMEDINSTANCE."""
        name = self.instance_name(_path(instance))
        return f"<VALUE.NAMEDINSTANCE>{name}{self.instance(instance)}</VALUE.NAMEDINSTANCE>"

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
        return planned(f'<INSTANCE CLASSNAME="{cls.name}">', slots, f"{absent}</INSTANCE>")

    def _slot(self, row: Property, where: str) -> Slot:
        tag, attributes = cimxml_encode_class.head(row, where)
        before, after, write = self._element(row, where)
        plain = row.type in ("string", "datetime") and not row.is_array and not embedded(row)
        return Slot(f"<{tag}{attributes}>{before}", f"{after}</{tag}>", write, plain)

    # values

    def _element(self, row: Property, where: str) -> tuple[str, str, Writer]:
        """The tags around a value of the row's type, and its writer."""
        one = "VALUE.REFERENCE" if row.type == "reference" else "VALUE"
        if not row.is_array:
            return f"<{one}>", f"</{one}>", self._scalar(row, Frame("", "", None, where, row.type))
        many = "VALUE.REFARRAY" if row.type == "reference" else "VALUE.ARRAY"
        item = Frame(f"<{one}>", f"</{one}>", "<VALUE.NULL/>", where, row.type)
        frame = Frame("", "", None, where, f"{row.type}[]")
        kind = strings if row.type == "string" and not embedded(row) else array
        return f"<{many}>", f"</{many}>", kind(frame, self._scalar(row, item))

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
        writers = self._keys.get(path.class_name) or self._key_writers(path)
        keys = "".join([writers[name](value) for name, value in path.keys.items()])
        return f'<INSTANCENAME CLASSNAME="{writers.cls.name}">{keys}</INSTANCENAME>'

    def _key_writers(self, path: Path) -> _Writers:
        try:
            cls = self._classes(path.class_name)
        except Error as error:
            if error.status not in (Status.INVALID_CLASS, Status.NOT_FOUND):
                raise
            return _Writers(_untyped(path), self._key)
        return self._keys.setdefault(path.class_name, _Writers(cls, self._key))

    def _key(self, row: Property, where: str) -> Writer:
        tag, attributes = "VALUE.REFERENCE", ""
        if row.type != "reference":
            numeric = row.type in RANGES or row.type.startswith("real")
            kind = "numeric" if numeric else "boolean" if row.type == "boolean" else "string"
            tag, attributes = "KEYVALUE", f' VALUETYPE="{kind}" TYPE="{row.type}"'
        before = f'<KEYBINDING NAME="{row.name}"><{tag}{attributes}>'
        return self._scalar(row, Frame(before, f"</{tag}></KEYBINDING>", None, where, row.type))

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


def _untyped(path: Path) -> Class:
    """A class of which only the values of a path's keys are known."""
    name = attribute(path.class_name, path.class_name)
    keys = [Property(attribute(key, name), _guess(value)) for key, value in path.keys.items()]
    return Class(name, properties={each.name: each for each in keys})


def _guess(value: Value) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "uint64" if value >= 0 else "sint64"
    return "reference" if isinstance(value, Path) else "string"
