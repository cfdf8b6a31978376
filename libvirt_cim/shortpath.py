# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user types for a class or an instance, made into the name or path that is meant.

A path may be whole, as pywbem and wbemcli print it, or leave out what one instance makes clear:
namespace, prefix, keys, quotes. Knows a provider's schema and asks for names; reads nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional, Protocol

from .cim import Class, Error, Path, Property, Status, Value, find, invalid
from .convert import PREFIXES
from .model import GENERIC
from .schema import Schema, load
from .value import RANGES, checked

_PATH = re.compile(r'(?:(?P<where>[^"=]*):)?(?P<name>\w+)(?:\.(?P<keys>.*))?', re.DOTALL)
_WHERE = re.compile(
    r"(?:(?:[a-z]+:)?//(?P<host>[^/]+)/|(?P<server>[^/]+:\d+)/)?/?(?P<namespace>[\w/\-.~]*)"
)
_KEY = re.compile(r"(\w+)=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?=,|$)', re.DOTALL)


class Host(Protocol):
    """A provider, as far as paths need it."""

    schema: Schema

    def enumerate_instance_names(self, class_name: str, namespace: Optional[str] = None) -> Any:
        """The paths of the instances of a class."""


def schema_of(name: str) -> Schema:
    """The package's own classes for the hypervisor that a class's prefix names, or for none."""
    known = {prefix.lower(): prefix for prefix in PREFIXES.values()}
    return load(known.get(name.partition("_")[0].lower(), GENERIC))


def class_name(schema: Schema, text: str) -> str:
    """The declared name of a class, given in any case, without its prefix or CIM_ if need be."""
    for name in (text, f"{schema.prefix}_{text}", f"{GENERIC}_{text}", f"CIM_{text}"):
        if name in schema:
            return schema.name(name)
    raise Error(Status.INVALID_CLASS, f"class {text} is not declared")


def resolve(host: Host, text: str) -> Path:
    """The path of the one instance that a text names.

    A text that is no path, or that several instances fit, is CIM_ERR_INVALID_PARAMETER; one that
    none fits is CIM_ERR_NOT_FOUND.
    """
    match = _PATH.fullmatch(text.strip())
    where = match and _WHERE.fullmatch(match["where"] or "")
    if not match or not where:
        raise invalid(f"{text!r} is not an object path")
    name = class_name(host.schema, match["name"])
    class_ = host.schema.resolved(name)
    given = {row.name: value(host, row, raw, text)
             for row, raw in _keys(class_, match["keys"], text)}
    namespace = where["namespace"].strip("/") or None
    keys = [each.name for each in class_.properties.values() if each.qualifier("Key")]
    if name in host.schema.tables and len(given) == len(keys):
        return Path(name, given, namespace, where["host"] or where["server"])
    return _only(host, name, given, namespace, text)


def _only(
    host: Host, name: str, given: Mapping[str, Value], namespace: Optional[str], text: str
) -> Path:
    """The one instance of a class that has the given keys."""
    found = [path for path in host.enumerate_instance_names(name, namespace=namespace)
             if all(find(path.keys, key) == value for key, value in given.items())]
    if not found:
        raise Error(Status.NOT_FOUND, f"No such instance ({text})")
    if len(found) > 1:
        names = ", ".join(map(str, found[:3])) + (", …" if len(found) > 3 else "")
        raise invalid(f"{text!r} is {len(found)} instances: {names}")
    path: Path = found[0]
    return path


def _keys(class_: Class, text: Optional[str], whole: str) -> list[tuple[Property, str]]:
    """The keys that a text gives, and their values as they stand there, without quotes."""
    found: dict[str, tuple[Property, str]] = {}
    names = "|".join(each for each, row in class_.properties.items() if row.qualifier("Key"))
    bare = re.compile(rf'(?is)(?:"(?:[^"\\]|\\.)*"|[^"])+?(?=,(?:{names})=|$)')
    position = 0
    while text is not None and position <= len(text):
        key = _KEY.match(text, position)
        value = key and (_QUOTED.match(text, key.end()) or bare.match(text, key.end()))
        if not key or not value:
            raise invalid(f"{whole!r} is not an object path: bad keys at {text[position:]!r}")
        row = find(class_.properties, key[1])
        if row is None or not row.qualifier("Key"):
            raise invalid(f"{whole!r}: {key[1]} is not a key of {class_.name}")
        if row.name in found:
            raise invalid(f"{whole!r}: {row.name} is given twice")
        raw = value[0] if value.re is bare else re.sub(r"(?s)\\(.)", r"\1", value[1])
        found[row.name] = row, raw
        position = value.end() + 1
    return list(found.values())


def value(host: Host, row: Property, raw: str, whole: str) -> Value:
    """A key's or parameter's value by its declared type; a reference may be short itself."""
    if row.type == "reference":
        return resolve(host, raw)
    if row.type == "boolean" and raw.upper() in ("TRUE", "FALSE"):
        return raw.upper() == "TRUE"
    if row.type in RANGES or row.type == "boolean":
        return checked(row, raw, f"{whole!r}: {row.name}")
    return raw
