# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the operations of operations.py through whoever answers them, and compares.

Every answer is brought into one plain form: paths as text with sorted keys, without our own
namespace; lists in the order of their paths. Knows the provider and pywbem's connections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pywbem
from operations import Fails, Instances, Operation, Paths, Values

from libvirt_cim import cim

_END = re.compile(r'[\w/]+:\w+\.\w+="')  # of an association, in another namespace or ours
_REFERENCE = re.compile(r'\w+\.\w+="')
Run = Callable[[Operation], Any]
NAMESPACE = "root/virt"
FLAVORS = {"overridable": "EnableOverride", "tosubclass": "ToSubclass", "toinstance": "ToInstance",
           "translatable": "Translatable"}
SCOPES = ("class", "association", "reference", "property", "method", "parameter", "indication")


# comparing

def check(operation: Operation, answer: Any) -> None:
    """Assert that an answer in plain form is what the contract says."""
    expected = operation.expected
    if isinstance(expected, Fails):
        same(answer, {"status": expected.status, "text": expected.text})
    elif isinstance(expected, Paths):
        _check_paths(expected, answer)
    elif isinstance(expected, Instances):
        _check_instances(expected, answer)
    elif isinstance(expected, Values):
        assert not isinstance(answer, dict) or "status" not in answer, answer
        same({place: _at(answer, place) for place in expected.values}, dict(expected.values))
    else:
        same(answer, sorted(expected))


def same(answer: Any, wanted: Any) -> None:
    """Assert that two plain things are equal, or say where they differ."""
    assert answer == wanted, "\n".join(["", *_differences(answer, wanted, "")])


def _differences(answer: Any, wanted: Any, place: str) -> Iterator[str]:
    if isinstance(answer, dict) and isinstance(wanted, dict):
        for name in {**answer, **wanted}:
            if answer.get(name, ...) != wanted.get(name, ...):
                yield from _differences(answer.get(name, ...), wanted.get(name, ...),
                                        f"{place} {name}")
    elif isinstance(answer, list) and isinstance(wanted, list):
        yield from (f"{place}: too much: {each}" for each in answer if each not in wanted)
        yield from (f"{place}: missing: {each}" for each in wanted if each not in answer)
        yield f"{place}: {len(answer)} entries for {len(wanted)}"
    else:
        yield f"{place}: {answer} for {wanted}"


def _check_paths(expected: Paths, answer: Any) -> None:
    wanted = [short(each) for each in expected.paths]
    assert isinstance(answer, list), answer
    if expected.others:
        assert len(answer) == len(set(answer)), "a path comes twice"
        answer = [each for each in answer if each in wanted]
    same(answer, sorted(wanted))


def _check_instances(expected: Instances, answer: Any) -> None:
    assert isinstance(answer, (list, dict)) and "status" not in answer, answer
    given = [answer] if isinstance(answer, dict) else answer
    found = {each["path"]: each["properties"] for each in given}
    assert len(found) == len(given)
    wanted = {short(path): _shortened(values) for path, values in expected.instances.items()}
    if expected.others:
        found = {path: {name: value for name, value in found[path].items() if name in values}
                 for path, values in wanted.items() if path in found}
    same(found, wanted)


def _shortened(values: Any) -> Any:
    """The values of an expectation, references as an answer has them."""
    return {name: short(value) if isinstance(value, str) and _REFERENCE.match(value) else value
            for name, value in values.items()}


def _at(answer: Any, place: str) -> Any:
    for step in place.split("."):
        if isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        else:
            answer = None if answer is None else answer.get(step)
    return answer


class failing:  # noqa: N801
    """Expect a CIMError of that status from within."""

    def __init__(self, status: int) -> None:
        self._raises = pytest.raises(pywbem.CIMError)
        self._status = status

    def __enter__(self) -> None:
        self._found = self._raises.__enter__()

    def __exit__(self, *exception: object) -> bool:
        caught = self._raises.__exit__(*exception)  # type: ignore[arg-type]
        assert self._found.value.status_code == self._status
        return caught


# the plain form

def short(path: str) -> str:
    """The text of a path with its keys in order, ends of associations likewise."""
    return _path(cim.parse_path(path))


def _path(path: cim.Path) -> str:
    keys = {name.lower(): _path(value) if isinstance(value, cim.Path) else value
            for name, value in path.keys.items()}
    for name, value in keys.items():
        if isinstance(value, str) and _END.match(value):
            keys[name] = short(value)
    place = path.namespace if (path.namespace or NAMESPACE).lower() != NAMESPACE else None
    return str(cim.Path(path.class_name.lower(), dict(sorted(keys.items())), place))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, cim.Path):
        return _path(value)
    if isinstance(value, cim.Instance):
        return _instance(value)
    return value


def _instance(instance: cim.Instance) -> dict[str, Any]:
    properties = {name: _plain(value) for name, value in instance.properties.items()}
    plain = {"class": instance.class_name, "properties": properties}
    return plain if instance.path is None else {"path": _path(instance.path), **plain}


def _feature(each: Any, origin: bool) -> dict[str, Any]:
    plain = {"type": each.type, "qualifiers": {n: q.value for n, q in each.qualifiers.items()}}
    if isinstance(each, cim.Method):
        plain["parameters"] = {n: _feature(p, False) for n, p in each.parameters.items()}
    else:
        plain.update(array=each.is_array, default=_plain(each.value))
        plain["class"] = each.reference_class
    return {**plain, "origin": each.origin} if origin else plain


def _class(each: cim.Class, origin: bool) -> dict[str, Any]:
    return {
        "class": each.name, "superclass": each.superclass,
        "qualifiers": {name: one.value for name, one in each.qualifiers.items()},
        "properties": {name: _feature(one, origin) for name, one in each.properties.items()},
        "methods": {name: _feature(one, origin) for name, one in each.methods.items()},
    }


def _qualifier(each: cim.QualifierType) -> dict[str, Any]:
    held = [scope.upper() for scope in SCOPES if scope in each.scopes or "any" in each.scopes]
    flavors = {name: cim.flavor(each, ours) for name, ours in FLAVORS.items()}
    return {"qualifier": each.name, "type": each.type, "array": each.is_array,
            "value": each.value, "scopes": sorted(held), "flavors": flavors}


def _answer(found: Any, one: Callable[[Any], Any]) -> Any:
    """An answer in plain form: one thing, or things in order."""
    if isinstance(found, (str, cim.Instance, cim.Class, cim.QualifierType)):
        return one(found)
    if found is None or isinstance(found, cim.Path):
        return [one(found)] if found else []
    plain = [one(each) for each in found]
    order = next((key for key in ("path", "class", "qualifier") for each in plain[:1]
                  if isinstance(each, dict) and key in each), None)
    return sorted(plain) if order is None else sorted(plain, key=lambda each: str(each[order]))


# who answers

def through_provider(provider: Any) -> Run:
    """The provider itself, or what has its operations."""
    def run(operation: Operation) -> Any:
        origin = bool(operation.arguments.get("include_class_origin"))
        try:
            found = getattr(provider, operation.call)(**operation.arguments)
            return _answer(found, lambda each: _ours(each, origin))
        except cim.Error as error:
            return {"status": int(error.status), "text": error.text}

    return run


def _ours(each: Any, origin: bool) -> Any:
    if isinstance(each, cim.Class):
        return _class(each, origin)
    if isinstance(each, cim.QualifierType):
        return _qualifier(each)
    return _plain(each)


def through_pywbem(connection: pywbem.WBEMConnection) -> Run:
    """A connection of pywbem, with or without a wire."""
    def run(operation: Operation) -> Any:
        arguments = {_camel(name): _sent(name, value)
                     for name, value in operation.arguments.items()}
        try:
            found = getattr(connection, _camel(operation.call))(**arguments)
        except pywbem.CIMError as error:
            return {"status": error.status_code, "text": error.status_description}
        things = [_from_pywbem(each) for each in found] if isinstance(found, list) else \
            _from_pywbem(found)
        origin = bool(operation.arguments.get("include_class_origin"))
        return _answer(things, lambda each: _ours(each, origin))

    return run


def _camel(name: str) -> str:
    return name if name == "namespace" else "".join(part.title() for part in name.split("_"))


def _sent(name: str, value: Any) -> Any:
    """An argument as a program of pywbem has it."""
    if isinstance(value, cim.Instance):
        made = pywbem.CIMInstance(value.class_name, {
            key: _for_pywbem(each) for key, each in value.properties.items()})
        made.path = None if value.path is None else _for_pywbem(value.path)
        return made
    if name not in ("instance_name", "object_name"):
        return value
    if "=" not in value:
        return pywbem.CIMClassName(value)
    return pywbem.CIMInstanceName.from_wbem_uri(value if ":" in value.partition(".")[0]
                                                else f"{NAMESPACE}:{value}")


def _for_pywbem(value: Any) -> Any:
    """A value of an instance as a program of pywbem has it; the numbers of the contract are small.
    """
    if isinstance(value, cim.Path):
        return pywbem.CIMInstanceName.from_wbem_uri(str(value))
    return pywbem.Uint16(value) if isinstance(value, int) else value


def _from_pywbem(value: Any) -> Any:
    """An object of pywbem as the value of ours that it stands for."""
    if isinstance(value, list):
        return [_from_pywbem(each) for each in value]
    if isinstance(value, tuple):  # the path of a class, and the class
        return _from_class(value[1])
    if isinstance(value, pywbem.CIMClassName):
        return cim.Path(value.classname, {}, value.namespace, value.host)
    if isinstance(value, pywbem.CIMInstanceName):
        keys = {name: _from_pywbem(each) for name, each in value.keybindings.items()}
        return cim.Path(value.classname, keys, value.namespace, value.host)
    if isinstance(value, pywbem.CIMInstance):
        path = None if value.path is None else _from_pywbem(value.path)
        properties = {name: _from_pywbem(each.value) for name, each in value.properties.items()}
        return cim.Instance(value.classname, properties, path)
    if isinstance(value, pywbem.CIMClass):
        return _from_class(value)
    if isinstance(value, pywbem.CIMQualifierDeclaration):
        return _from_declaration(value)
    if isinstance(value, pywbem.CIMInt):
        return int(value)
    return str(value) if isinstance(value, pywbem.CIMDateTime) else value


def _from_class(value: Any) -> cim.Class:
    return cim.Class(
        value.classname, value.superclass,
        {name: _from_property(each) for name, each in value.properties.items()},
        {name: cim.Method(each.name, each.return_type,
                          {n: _from_property(p) for n, p in each.parameters.items()},
                          _from_qualifiers(each), each.class_origin)
         for name, each in value.methods.items()},
        _from_qualifiers(value))


def _from_property(each: Any) -> cim.Property:
    return cim.Property(
        each.name, each.type, bool(each.is_array), _from_pywbem(each.value),
        _from_qualifiers(each), each.reference_class, each.array_size,
        getattr(each, "class_origin", ""))


def _from_qualifiers(value: Any) -> dict[str, cim.Qualifier]:
    return {name: cim.Qualifier(name, _from_pywbem(each.value))
            for name, each in value.qualifiers.items()}


def _from_declaration(value: Any) -> cim.QualifierType:
    scopes = tuple(name.lower() for name, held in value.scopes.items() if held)
    flavors = (
        "enableoverride" if value.overridable else "disableoverride",
        "tosubclass" if value.tosubclass else "restricted",
        *(["toinstance"] if value.toinstance else []),
        *(["translatable"] if value.translatable else []),
    )
    return cim.QualifierType(value.name, value.type, value.is_array, _from_pywbem(value.value),
                             scopes, flavors)
