# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of DSP0200 1.4 as a table: their parameters, and how an answer is packed.

An answer of the provider becomes the elements of a response, one text after the other, as they are
read. Knows neither the message around them nor HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NamedTuple, Union

import attrs

from ..cim import Class, Error, Instance, Path, Property, Status, Value, invalid
from ..value import RANGES
from .cimxml import Encoder, class_name, intrinsic_parameter
from .cimxml_message import Call

Texts = Iterator[str]
One = Callable[[Any], str]
READ, WRITE = "read", "write"  # what a client must be allowed
_REQUIRED = "!"

_CLASS = {"ClassName": "class!"}
_SHOWN = {"LocalOnly": "boolean", "IncludeQualifiers": "boolean", "IncludeClassOrigin": "boolean"}
_ORIGIN = {"IncludeQualifiers": "boolean", "IncludeClassOrigin": "boolean"}
_LIST = {"PropertyList": "strings"}
_DEEP = {"DeepInheritance": "boolean"}
_OBJECT = {"ObjectName": "object!"}
_INSTANCE = {"InstanceName": "object!"}
_LINK = {"ResultClass": "class", "Role": "string"}
_LINKS = {"AssocClass": "class", "ResultClass": "class", "Role": "string", "ResultRole": "string"}
_OPEN = {"FilterQueryLanguage": "string", "FilterQuery": "string", "OperationTimeout": "number",
         "ContinueOnError": "boolean", "MaxObjectCount": "number"}
_CONTEXT = {"EnumerationContext": "string!"}
_PULL = {**_CONTEXT, "MaxObjectCount": "number!"}
_QUERY = {"QueryLanguage": "string!", "Query": "string!"}
_OPEN_QUERY = {"FilterQueryLanguage": "string!", "FilterQuery": "string!",
               "ReturnQueryResultClass": "boolean", "OperationTimeout": "number",
               "ContinueOnError": "boolean", "MaxObjectCount": "number"}


class Operation(NamedTuple):
    """What it is asked with, how its answer is packed, and what one must be allowed for it."""

    packing: str
    parameters: Mapping[str, str]
    role: str = READ


OPERATIONS: Mapping[str, Operation] = {
    "EnumerateInstances": Operation("named", {**_CLASS, **_SHOWN, **_DEEP, **_LIST}),
    "EnumerateInstanceNames": Operation("names", _CLASS),
    "GetInstance": Operation("instance", {**_INSTANCE, **_SHOWN, **_LIST}),
    "GetProperty": Operation("property", {**_INSTANCE, "PropertyName": "string!"}),
    "Associators": Operation("objects", {**_OBJECT, **_LINKS, **_ORIGIN, **_LIST}),
    "AssociatorNames": Operation("object names", {**_OBJECT, **_LINKS}),
    "References": Operation("objects", {**_OBJECT, **_LINK, **_ORIGIN, **_LIST}),
    "ReferenceNames": Operation("object names", {**_OBJECT, **_LINK}),
    "GetClass": Operation("class", {**_CLASS, **_SHOWN, **_LIST}),
    "EnumerateClasses": Operation("classes", {"ClassName": "class", **_DEEP, **_SHOWN}),
    "EnumerateClassNames": Operation("class names", {"ClassName": "class", **_DEEP}),
    "GetQualifier": Operation("qualifier", {"QualifierName": "string!"}),
    "EnumerateQualifiers": Operation("qualifiers", {}),
    "CreateInstance": Operation("name", {"NewInstance": "instance!"}, WRITE),
    "ModifyInstance": Operation("nothing", {"ModifiedInstance": "instance!",
                                            "IncludeQualifiers": "boolean", **_LIST}, WRITE),
    "DeleteInstance": Operation("nothing", _INSTANCE, WRITE),
    "ExecQuery": Operation("objects", _QUERY),
    "OpenEnumerateInstances": Operation("pulled", {
        **_CLASS, **_DEEP, "IncludeClassOrigin": "boolean", **_LIST, **_OPEN}),
    "OpenEnumerateInstancePaths": Operation("pulled", {**_CLASS, **_OPEN}),
    "OpenAssociatorInstances": Operation("pulled", {
        **_INSTANCE, **_LINKS, "IncludeClassOrigin": "boolean", **_LIST, **_OPEN}),
    "OpenAssociatorInstancePaths": Operation("pulled", {**_INSTANCE, **_LINKS, **_OPEN}),
    "OpenReferenceInstances": Operation("pulled", {
        **_INSTANCE, **_LINK, "IncludeClassOrigin": "boolean", **_LIST, **_OPEN}),
    "OpenReferenceInstancePaths": Operation("pulled", {**_INSTANCE, **_LINK, **_OPEN}),
    "OpenQueryInstances": Operation("pulled", _OPEN_QUERY),
    "PullInstancesWithPath": Operation("pulled", _PULL),
    "PullInstancePaths": Operation("pulled", _PULL),
    "PullInstances": Operation("pulled", _PULL),
    "CloseEnumeration": Operation("nothing", _CONTEXT),
    "EnumerationCount": Operation("count", _CONTEXT),
}
_BY_NAME = {name.lower(): name for name in OPERATIONS}


def operation(name: str) -> str:
    """The name of an operation in DSP0200's own spelling; CIM_ERR_NOT_SUPPORTED if we have none."""
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise Error(Status.NOT_SUPPORTED, f"{name} is not supported")
    return found


def method(name: str) -> str:
    """The method of a provider that answers an operation: its name in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# arguments

def arguments(call: Call) -> dict[str, Any]:
    """The arguments that a provider's method is called with; what is NULL is not given."""
    name = operation(call.name)
    declared = {each.lower(): (each, kind) for each, kind in OPERATIONS[name].parameters.items()}
    given: dict[str, Any] = {"namespace": call.namespace}
    seen = set()
    for element in call.parameters:
        told, value = intrinsic_parameter(element)
        if told.lower() not in declared:
            raise invalid(f"{name} has no parameter {told}")
        parameter, kind = declared[told.lower()]
        if parameter in seen:
            raise invalid(f"{name}.{parameter}: is given twice")
        seen.add(parameter)
        if value is not None:
            where = f"{name}.{parameter}"
            given[method(parameter)] = _ARGUMENTS[kind.rstrip(_REQUIRED)](
                value, where, call.namespace)
    for parameter, kind in declared.values():
        if kind.endswith(_REQUIRED) and method(parameter) not in given:
            raise invalid(f"{name}.{parameter}: must be given")
    return given


def _class_argument(value: Value, where: str, namespace: str) -> str:
    if not isinstance(value, Path) or value.keys:
        raise invalid(f"{where}: is not the name of a class")
    return value.class_name


def _object_argument(value: Value, where: str, namespace: str) -> Path:
    if not isinstance(value, Path):
        raise invalid(f"{where}: is not a path")
    return value if value.namespace else attrs.evolve(value, namespace=namespace)


def _instance_argument(value: Value, where: str, namespace: str) -> Instance:
    if not isinstance(value, Instance):
        raise invalid(f"{where}: is not an instance")
    if value.path is not None:
        value.path = _object_argument(value.path, where, namespace)
    return value


def _string_argument(value: Value, where: str, namespace: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"{where}: is not a string")
    return value


def _strings_argument(value: Value, where: str, namespace: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_string_argument(each, where, namespace) for each in values]


def _boolean_argument(value: Value, where: str, namespace: str) -> bool:
    found = {"true": True, "false": False}.get(str(value).strip().lower())
    if found is None:
        raise invalid(f"{where}: is not true or false")
    return found


def _number_argument(value: Value, where: str, namespace: str) -> int:
    text = str(value).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not 0 <= number <= RANGES["uint32"][1]:
        raise invalid(f"{where}: is not a uint32")
    return number


_ARGUMENTS: Mapping[str, Callable[[Value, str, str], Any]] = {
    "class": _class_argument, "object": _object_argument, "instance": _instance_argument,
    "string": _string_argument, "strings": _strings_argument, "boolean": _boolean_argument,
    "number": _number_argument,
}


# answers

def answered(name: str, found: Any, encoder: Encoder, given: Mapping[str, Any]) -> Texts:
    """The elements inside IMETHODRESPONSE for what a provider answered, one after the other."""
    packing = OPERATIONS[name].packing
    if packing == "nothing":
        yield from _exhausted(found)
        return
    one = _ONE[packing](encoder, bool(given.get("include_class_origin")), given["namespace"])
    items = found.items if packing == "pulled" else [found] if packing in _SINGLE else found
    yield "<IRETURNVALUE>"
    yield from map(one, items)
    yield "</IRETURNVALUE>"
    if packing == "pulled":
        yield from _part(found, encoder)


def _exhausted(found: Any) -> Texts:
    """Nothing; but what is a generator is done only when it is read."""
    for _ in found if isinstance(found, Iterator) else ():
        pass
    yield from ()


def _object(encoder: Encoder, origin: bool, namespace: str) -> One:
    """An instance with its path, or without where a query made it; a class with its own."""
    def one(each: Union[Instance, Class]) -> str:
        if isinstance(each, Class):
            path = encoder.class_path(each.name, namespace)
            class_ = encoder.class_(each, origin)
            return f"<VALUE.OBJECTWITHPATH>{path}{class_}</VALUE.OBJECTWITHPATH>"
        if each.path is None:
            return f"<VALUE.OBJECT>{encoder.instance(each)}</VALUE.OBJECT>"
        return encoder.object_with_path(each)

    return one


def _object_name(encoder: Encoder, origin: bool, namespace: str) -> One:
    """A path with its host; that of a class has no keys."""
    def one(each: Path) -> str:
        if each.keys:
            return encoder.object_path(each)
        return f"<OBJECTPATH>{encoder.class_path(each.class_name, namespace)}</OBJECTPATH>"

    return one


def _pulled(encoder: Encoder, origin: bool, namespace: str) -> One:
    """One of a part of an enumeration: a path, or an instance, with its path where it has one."""
    def one(each: Union[Instance, Path]) -> str:
        if isinstance(each, Path):
            return encoder.instance_path(each)
        return encoder.instance(each) if each.path is None else encoder.instance_with_path(each)

    return one


def _class(encoder: Encoder, origin: bool, namespace: str) -> One:
    return lambda each: encoder.class_(each, origin)


def _property(encoder: Encoder, origin: bool, namespace: str) -> One:
    """The value of a property whose declaration comes with it."""
    def one(each: tuple[Property, Value]) -> str:
        row, value = each
        return encoder.value(row, value, row.name)

    return one


def _plain(method: str) -> Callable[[Encoder, bool, str], One]:
    """What an encoder writes by itself."""
    def made(encoder: Encoder, origin: bool, namespace: str) -> One:
        found: One = getattr(encoder, method)
        return found

    return made


_SINGLE = ("instance", "property", "class", "qualifier", "name", "count")
_ONE: Mapping[str, Callable[[Encoder, bool, str], One]] = {
    "named": _plain("named_instance"), "instance": _plain("instance"),
    "names": _plain("instance_name"), "name": _plain("instance_name"),
    "objects": _object, "object names": _object_name, "class": _class, "classes": _class,
    "class names": lambda encoder, origin, namespace: class_name, "pulled": _pulled,
    "qualifier": _plain("qualifier_type"), "qualifiers": _plain("qualifier_type"),
    "count": lambda encoder, origin, namespace: lambda each: f"<VALUE>{each}</VALUE>",
    "property": _property,
}


def _part(part: Any, encoder: Encoder) -> Texts:
    """What is told of a part besides: whether it was the last, and where to go on."""
    yield encoder.parameter(Property("EndOfSequence", "boolean"), part.context is None)
    yield encoder.parameter(Property("EnumerationContext", "string"), part.context)
    if part.result_class is not None:
        class_ = encoder.class_(part.result_class)
        yield f'<PARAMVALUE NAME="QueryResultClass">{class_}</PARAMVALUE>'
