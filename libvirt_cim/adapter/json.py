# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances as JSON and back: one array of {"path", "class", "properties"}.

NULL is left out, integers beyond 2^53-1 are strings, references path strings, embedded instances
{"class", "properties"}, datetimes CIM's text. Knows no class: to turn texts back into integers
and paths is for value.checked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Union

from ..cim import Error, Instance, Path, Value, invalid, parse_path
from .common import mismatch

EXACT = 2**53 - 1  # the largest integer that every reader of JSON keeps
_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(instances: Iterable[Instance]) -> Iterator[str]:
    """The pieces of the text; a value JSON has no form for is a cim.Error with class.property."""
    before = "["
    for instance in instances:
        plain: dict[str, Value] = {} if instance.path is None else {"path": str(instance.path)}
        text = json.dumps({**plain, **_plain(instance)}, indent=1, ensure_ascii=False)
        text = _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        yield f"{before}\n " + text.replace("\n", "\n ")
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _plain(instance: Instance) -> dict[str, Value]:
    properties = {
        name: _value(value, f"{instance.class_name}.{name}")
        for name, value in instance.properties.items() if value is not None
    }
    return {"class": instance.class_name, "properties": properties}


def _value(value: Value, where: str) -> Value:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value) if -EXACT <= value <= EXACT else str(value)
    if isinstance(value, (list, tuple)):
        return [_value(each, where) for each in value]
    if isinstance(value, Instance):
        return _plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(f"{where}: JSON has no {value}")
    if not isinstance(value, (float, Path)):
        raise mismatch(where, value, "CIM")
    return str(value) if isinstance(value, Path) else value


class _Object(list[tuple[str, Any]]):
    """An object's members as they came, so that one given twice is seen."""


class _Wrong(NamedTuple):
    """A number that is none, told where it is met."""

    text: str


def decode(text: Union[str, bytes], name: str = "-") -> list[Instance]:
    """The instances of a text; an instance may lack its path.

    What is wrong is CIM_ERR_INVALID_PARAMETER: `name:line: …` where it is not JSON, else
    `name[index]: …` with class.property. `place` is name[index].
    """
    try:
        found = json.loads(
            text, object_pairs_hook=_Object, parse_constant=_Wrong, parse_int=_integer,
            parse_float=_real,
        )
    except json.JSONDecodeError as error:
        raise invalid(f"{name}:{error.lineno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise invalid(f"{name}: the text is not UTF-8") from None
    except RecursionError:
        raise invalid(f"{name}: values are nested too deeply") from None
    if type(found) is not list:
        raise invalid(f"{name}: expected an array of instances")
    return [_instance(each, f"{name}[{index}]", True) for index, each in enumerate(found)]


def _integer(text: str) -> Union[int, _Wrong]:
    return int(text) if len(text) <= 40 else _Wrong(text[:40] + "…")


def _real(text: str) -> Union[float, _Wrong]:
    number = float(text)
    return number if math.isfinite(number) else _Wrong(text)


def _members(found: Any, where: str) -> dict[str, Any]:
    """An object's members by name, none of them twice."""
    if not isinstance(found, _Object):
        raise invalid(f"{where}: expected an object, not {_kind(found)}")
    names = set()
    for name, _ in found:
        if name.lower() in names:
            raise invalid(f"{where}: {name} is given twice")
        names.add(name.lower())
    return dict(found)


def _instance(found: Any, where: str, whole: bool) -> Instance:
    members = _members(found, where)
    unknown = set(members) - ({"class", "properties", "path"} if whole else {"class", "properties"})
    if unknown:
        raise invalid(f"{where}: an instance has no {min(unknown)!r}")
    class_name = members.get("class")
    if not isinstance(class_name, str) or not class_name:
        raise invalid(f"{where}: the class is not named")
    instance = Instance(class_name, place=where)
    properties = _members(members.get("properties"), f"{where}: {class_name}: properties")
    for name, value in properties.items():
        if value is not None:
            instance.properties[name] = _read(value, f"{where}: {class_name}.{name}", False)
    if members.get("path") is not None:
        instance.path = _path(members["path"], where)
    return instance


def _read(value: Any, where: str, inside: bool) -> Value:
    if isinstance(value, _Wrong):
        raise invalid(f"{where}: {value.text} is not a number of CIM")
    if isinstance(value, _Object):
        return _instance(value, where, False)
    if isinstance(value, list):
        if inside:
            raise invalid(f"{where}: an array inside an array")
        return [_read(each, where, True) for each in value]
    return value


def _path(text: Any, where: str) -> Path:
    if not isinstance(text, str):
        raise invalid(f"{where}: expected the path as a string, not {_kind(text)}")
    try:
        return parse_path(text)
    except Error as error:
        raise invalid(f"{where}: {error}") from None


def _kind(value: Any) -> str:
    if isinstance(value, _Object):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, _Wrong):
        return value.text
    return "nothing" if value is None else f"{value!r}"
