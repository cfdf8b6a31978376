# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our values as pywbem's objects and back, each of the exact type that a server's answer gives.

Knows pywbem's classes and how declarations type a value; nothing of operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Union

import pywbem

from ..cim import (
    Class,
    Error,
    Instance,
    Method,
    Path,
    Property,
    Qualifier,
    QualifierType,
    Status,
    Value,
    find,
    flavor,
    invalid,
)
from ..schema import Schema
from .common import embedded

SCOPES = ("CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION")
_FLAVORS = {"overridable": "EnableOverride", "tosubclass": "ToSubclass",
            "toinstance": "ToInstance", "translatable": "Translatable"}
_NO_DECLARATION = QualifierType("", "")  # its flavors are DSP0004's defaults
Own = Union[Class, Method, Property, None]  # the declaration in the class itself, if it is there


# what a client sends

def path_of(name: Any, namespace: str | None = None) -> Path:
    """The path of a CIMInstanceName; its own namespace counts before the one given."""
    keys = {}
    for key, value in name.keybindings.items():
        if key is None:
            raise invalid(f"{name.classname}: a key has no name")
        keys[str(key)] = plain(value)
    return Path(name.classname, keys, name.namespace or namespace, name.host)


def object_of(name: Any, namespace: str) -> Path:
    """The path that a method is called on; that of a class has no keys."""
    if isinstance(name, pywbem.CIMInstanceName):
        return path_of(name, namespace)
    if isinstance(name, pywbem.CIMClassName):
        return Path(name.classname, {}, name.namespace or namespace)
    return Path(str(name), {}, namespace)


def parameters(given: Iterable[tuple[str, Any]]) -> dict[str, Value]:
    """A method's parameters as ours has them; one that comes twice is CIM_ERR_INVALID_PARAMETER."""
    found: dict[str, Value] = {}
    for name, value in given:
        if find(found, name) is not None:
            raise invalid(f"parameter {name} is given twice")
        found[name] = plain(value)
    return found


def plain(value: Any) -> Value:
    """A value of pywbem's as ours has it: class names as text, CIM's numbers as Python's."""
    if isinstance(value, pywbem.CIMInstance):
        return Instance(value.classname, {
            name: plain(each.value) for name, each in value.properties.items()
            if each.value is not None})
    if isinstance(value, pywbem.CIMInstanceName):
        return path_of(value)
    if isinstance(value, pywbem.CIMClassName):
        return value.classname
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, pywbem.CIMDateTime):
        return str(value)
    if isinstance(value, pywbem.CIMInt):
        return int(value)
    return float(value) if isinstance(value, pywbem.CIMFloat) else value


# what a client gets

class Values:
    """The pywbem objects of one schema's values; full paths name the host and the namespace."""

    def __init__(self, schema: Schema, host: str) -> None:
        self._schema = schema
        self._host = host

    def object(self, found: Union[Instance, Class], namespace: str, origin: bool = False) -> Any:
        """What associators give: CIMInstance, or the path of a class asked for and the CIMClass."""
        if isinstance(found, Instance):
            return self.instance(found, origin, True)
        path = pywbem.CIMClassName(found.name, self._host, namespace)
        class_ = self.class_(found, origin)
        class_.path = path
        return path, class_

    def path(self, path: Path, full: bool = False) -> Any:
        """CIMInstanceName; a full one, as associators give it, names the host.

        The path of a class is CIMClassName.
        """
        if not path.keys and full:
            return pywbem.CIMClassName(path.class_name, path.host or self._host, path.namespace)
        declared = self._keys(path.class_name)
        keys = {name: self._key(declared, name, value) for name, value in path.keys.items()}
        host = (path.host or self._host) if full else path.host
        return pywbem.CIMInstanceName(path.class_name, keys, host=host, namespace=path.namespace)

    def _keys(self, class_name: str) -> Mapping[str, Property]:
        """The properties of a class; another server's may not be declared here."""
        known = class_name in self._schema
        return self._schema.resolved(class_name).properties if known else {}

    def _key(self, declared: Mapping[str, Property], name: str, value: Value) -> Any:
        if isinstance(value, Path):
            return self.path(value)
        row = find(declared, name)
        typed = row is not None and row.type not in ("reference", "datetime")
        return pywbem.cimvalue(value, row.type) if row is not None and typed else value

    def instance(self, instance: Instance, origin: bool = False, full: bool = False) -> Any:
        """CIMInstance; with `origin`, each property tells the class it comes from."""
        class_ = self._schema.resolved(instance.class_name)
        properties = [
            self._property(_declared(class_, name), value, origin)
            for name, value in instance.properties.items()
        ]
        path = None if instance.path is None else self.path(instance.path, full)
        return pywbem.CIMInstance(class_.name, properties, path=path)

    def _property(self, row: Property, value: Value, origin: bool, propagated: bool = False,
                  qualifiers: Iterable[Any] = ()) -> Any:
        return pywbem.CIMProperty(
            row.name, self._value(value), type=row.type, is_array=row.is_array,
            array_size=row.array_size, reference_class=row.reference_class,
            embedded_object=embedded(row) or None, class_origin=row.origin if origin else None,
            propagated=propagated, qualifiers=qualifiers,
        )

    def _value(self, value: Value) -> Any:
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, Path):
            return self.path(value)
        return self.instance(value) if isinstance(value, Instance) else value

    def answer(self, class_name: str, method_name: str, returned: Value,
               out: Mapping[str, Value]) -> tuple[Any, Any]:
        """What InvokeMethod gives: the value returned, and the output parameters."""
        method = find(self._schema.resolved(class_name).methods, method_name)
        assert method is not None
        values = pywbem.NocaseDict(
            (name, self._typed(method.parameters[name], value)) for name, value in out.items())
        return pywbem.cimvalue(returned, method.type), values

    def _typed(self, row: Property, value: Value) -> Any:
        converted = self._value(value)
        plain_ = row.type == "reference" or embedded(row)
        return converted if plain_ else pywbem.cimvalue(converted, row.type)

    # declarations

    def class_(self, class_: Class, origin: bool = False) -> Any:
        """CIMClass; what it inherits is marked as propagated."""
        declared = self._schema.declared[class_.name]
        properties = [self._class_property(class_, row, declared, origin)
                      for row in class_.properties.values()]
        methods = [self._method(class_, method, declared, origin)
                   for method in class_.methods.values()]
        return pywbem.CIMClass(
            class_.name, properties, methods, superclass=class_.superclass,
            qualifiers=self._qualifiers(class_.qualifiers, declared),
        )

    def _class_property(self, class_: Class, row: Property, own: Class, origin: bool) -> Any:
        mine = own.properties.get(row.name)
        qualifiers = self._qualifiers(row.qualifiers, mine)
        propagated = row.origin != class_.name
        return self._property(row, row.value, origin, propagated, qualifiers)

    def _method(self, class_: Class, method: Method, own: Class, origin: bool) -> Any:
        mine = own.methods.get(method.name)
        return pywbem.CIMMethod(
            method.name, method.type,
            [self._parameter(each, mine) for each in method.parameters.values()],
            class_origin=method.origin if origin else None,
            propagated=method.origin != class_.name,
            qualifiers=self._qualifiers(method.qualifiers, mine),
        )

    def _parameter(self, row: Property, method: Method | None) -> Any:
        mine = method.parameters.get(row.name) if method else None
        return pywbem.CIMParameter(
            row.name, row.type, reference_class=row.reference_class, is_array=row.is_array,
            array_size=row.array_size,
            qualifiers=self._qualifiers(row.qualifiers, mine),
        )

    def _qualifiers(self, qualifiers: Mapping[str, Qualifier], own: Own) -> list[Any]:
        return [self._qualifier(each, own is None or find(own.qualifiers, each.name) is None)
                for each in qualifiers.values()]

    def _qualifier(self, qualifier: Qualifier, propagated: bool) -> Any:
        declared = find(self._schema.qualifiers, qualifier.name)
        value, type_ = qualifier.value, None
        if declared is not None:
            type_ = declared.type
            if value is True and type_ != "boolean":
                value = declared.value  # it was named without a value
        return pywbem.CIMQualifier(
            qualifier.name, value, type_, propagated=propagated,
            **_flavors(declared or _NO_DECLARATION))

    def qualifier_type(self, declared: QualifierType) -> Any:
        """CIMQualifierDeclaration; the scope `any` is spelled as the seven there are."""
        return pywbem.CIMQualifierDeclaration(
            declared.name, declared.type, declared.value, is_array=declared.is_array,
            scopes=dict.fromkeys(_scopes(declared.scopes), True), **_flavors(declared))


def _declared(class_: Class, name: str) -> Property:
    """A property of an answer; one that is not declared is the provider's mistake."""
    row = find(class_.properties, name)
    if row is None:
        raise Error(Status.FAILED, f"{class_.name}.{name}: there is no such property")
    return row


def _flavors(declared: QualifierType) -> dict[str, bool]:
    return {name: flavor(declared, each) for name, each in _FLAVORS.items()}


def _scopes(names: Iterable[str]) -> list[str]:
    given = {name.upper() for name in names}
    return [each for each in SCOPES if each in given or "ANY" in given]
