# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM's values as plain Python: paths, instances, class declarations and the one exception.

Knows DSP0004's terms and nothing of MOF, XML or libvirt.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from typing import Any, Optional, TypeVar

import attrs

T = TypeVar("T")
DATETIME = re.compile(r"[\d*]{14}\.[\d*]{6}[+\-:]\d{3}")
Value = Any  # str, int, bool, float, Path, Instance, or a list of one of them


class Status(enum.IntEnum):
    """The status codes of DSP0200, 5.2.2."""

    FAILED = 1
    ACCESS_DENIED = 2
    INVALID_NAMESPACE = 3
    INVALID_PARAMETER = 4
    INVALID_CLASS = 5
    NOT_FOUND = 6
    NOT_SUPPORTED = 7
    CLASS_HAS_CHILDREN = 8
    CLASS_HAS_INSTANCES = 9
    INVALID_SUPERCLASS = 10
    ALREADY_EXISTS = 11
    NO_SUCH_PROPERTY = 12
    TYPE_MISMATCH = 13
    QUERY_LANGUAGE_NOT_SUPPORTED = 14
    INVALID_QUERY = 15
    METHOD_NOT_AVAILABLE = 16
    METHOD_NOT_FOUND = 17
    NAMESPACE_NOT_EMPTY = 20
    INVALID_ENUMERATION_CONTEXT = 21
    INVALID_OPERATION_TIMEOUT = 22
    PULL_HAS_BEEN_ABANDONED = 23
    PULL_CANNOT_BE_ABANDONED = 24
    FILTERED_ENUMERATION_NOT_SUPPORTED = 25
    CONTINUATION_ON_ERROR_NOT_SUPPORTED = 26
    SERVER_LIMITS_EXCEEDED = 27
    SERVER_IS_SHUTTING_DOWN = 28
    QUERY_FEATURE_NOT_SUPPORTED = 29

    @property
    def symbol(self) -> str:
        """Its symbolic name."""
        return f"CIM_ERR_{self.name}"


class Error(Exception):
    """The one exception of the package: a CIM status code and one line of text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = Status(status)
        self.text = text

    def __str__(self) -> str:
        return self.text


def invalid(text: str) -> Error:
    """A value, name or document that is wrong (CIM_ERR_INVALID_PARAMETER)."""
    return Error(Status.INVALID_PARAMETER, text)


def find(mapping: Mapping[str, T], name: str) -> Optional[T]:
    """The entry of that CIM name; CIM names are equal whatever their case (DSP0004, 5.1.2)."""
    found = mapping.get(name)
    if found is not None:
        return found
    low, length = name.lower(), len(name)
    for key in mapping:
        if len(key) == length and key.lower() == low:
            return mapping[key]
    return None


def _folded(value: Value) -> Value:
    return value if not isinstance(value, list) else tuple(value)


@attrs.define(eq=False, repr=False)
class Path:
    """The path of an instance (DSP0207): class, keys, and where it is known namespace and host.

    A value: nobody changes it but to fill in its namespace. attrs' frozen classes take five times
    as long to make.
    """

    class_name: str
    keys: dict[str, Value] = attrs.Factory(dict)
    namespace: Optional[str] = None
    host: Optional[str] = None

    def __str__(self) -> str:
        keys = ",".join(f"{name}={_key_text(value)}" for name, value in self.keys.items())
        where = f"//{self.host}/" if self.host else ""
        where += f"{self.namespace}:" if self.namespace else ""
        return f"{where}{self.class_name}.{keys}" if keys else where + self.class_name

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def identity(self) -> tuple[Any, ...]:
        """What makes two paths the same instance: class and keys, names in any case."""
        keys = sorted((name.lower(), _folded(value)) for name, value in self.keys.items())
        return (self.class_name.lower(), *keys)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Path):
            return NotImplemented
        return self.identity() == other.identity() and (
            self.namespace == other.namespace or None in (self.namespace, other.namespace)
        )

    def __hash__(self) -> int:
        return hash(self.identity())


def _key_text(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_URI = re.compile(
    r"(?://(?P<host>[^/]+)/)?(?:(?P<namespace>[\w/\-.~]+):)?(?P<class_name>\w+)(?:\.(?P<keys>.*))?",
    re.DOTALL,
)
_KEY = re.compile(
    r'(?P<name>\w+)=(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^",\s]+))(?:,|$)', re.DOTALL
)


def parse_path(text: str) -> Path:
    """The path that a WBEM URI or an object path as wbemcli prints it names (DSP0207)."""
    match = _URI.fullmatch(text.strip())
    if match is None:
        raise invalid(f"{text!r} is not an object path")
    keys: dict[str, Value] = {}
    seen: set[str] = set()
    rest = match["keys"] or ""
    position = 0
    while position < len(rest):
        key = _KEY.match(rest, position)
        if key is None:
            raise invalid(f"{text!r} is not an object path: bad keys at {rest[position:]!r}")
        if key["name"].lower() in seen:
            raise invalid(f"{text!r} is not an object path: {key['name']} is given twice")
        seen.add(key["name"].lower())
        keys[key["name"]] = _key_value(key["text"], key["word"], text)
        position = key.end()
    namespace = match["namespace"]
    return Path(match["class_name"], keys, namespace.strip("/") if namespace else None,
                match["host"])


def _key_value(quoted: Optional[str], word: Optional[str], text: str) -> Value:
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    assert word is not None
    if word.upper() in ("TRUE", "FALSE"):
        return word.upper() == "TRUE"
    try:
        return int(word)
    except ValueError:
        raise invalid(f"{text!r} is not an object path: {word!r} is not a key value") from None


@attrs.define
class Instance:
    """An instance: its class, its properties (NULL is absent), and its path unless embedded.

    `place` is where it was read, as file:line, for messages; it is no part of the value.
    """

    class_name: str
    properties: dict[str, Value] = attrs.Factory(dict)
    path: Optional[Path] = None
    place: str = attrs.field(default="", eq=False, repr=False)

    def __getitem__(self, name: str) -> Value:
        return self.properties[name]

    def get(self, name: str, default: Value = None) -> Value:
        """The value of a property, or default where it is NULL."""
        return self.properties.get(name, default)


def _shown(declaration: Any) -> str:
    return f"<{type(declaration).__name__} {declaration.name}>"


@attrs.frozen
class Qualifier:
    """A qualifier of a class, property, method or parameter."""

    name: str
    value: Value

    __repr__ = _shown  # attrs' own would show all that is below it


@attrs.frozen
class Property:
    """A property or reference of a class, or a parameter of a method."""

    name: str
    type: str  # a CIM type, or "reference"
    is_array: bool = False
    value: Value = None
    qualifiers: dict[str, Qualifier] = attrs.Factory(dict)
    reference_class: Optional[str] = None
    array_size: Optional[int] = None
    origin: str = ""
    line: int = 0

    __repr__ = _shown

    def qualifier(self, name: str, default: Value = None) -> Value:
        """The value of a qualifier, or default where it is not set."""
        found = find(self.qualifiers, name)
        return default if found is None else found.value


@attrs.frozen
class Method:
    """A method: the type it returns and its parameters in order."""

    name: str
    type: str
    parameters: dict[str, Property] = attrs.Factory(dict)
    qualifiers: dict[str, Qualifier] = attrs.Factory(dict)
    origin: str = ""
    line: int = 0

    __repr__ = _shown


@attrs.frozen
class Class:
    """A class declaration; what it inherits is the schema's to know."""

    name: str
    superclass: Optional[str] = None
    properties: dict[str, Property] = attrs.Factory(dict)
    methods: dict[str, Method] = attrs.Factory(dict)
    qualifiers: dict[str, Qualifier] = attrs.Factory(dict)
    file: str = ""
    line: int = 0

    __repr__ = _shown

    def qualifier(self, name: str, default: Value = None) -> Value:
        """The value of a qualifier of the class itself, or default where it is not set."""
        found = find(self.qualifiers, name)
        return default if found is None else found.value


@attrs.frozen
class QualifierType:
    """The declaration of a qualifier: its type, default, scopes and flavors (DSP0004, 7.8)."""

    name: str
    type: str
    is_array: bool = False
    value: Value = None
    scopes: tuple[str, ...] = ()
    flavors: tuple[str, ...] = ()

    __repr__ = _shown


def flavor(declaration: QualifierType, name: str) -> bool:
    """Whether a flavor holds; DSP0004's defaults are EnableOverride and ToSubclass."""
    given = {each.lower() for each in declaration.flavors}
    if name == "ToSubclass":
        return "restricted" not in given
    if name == "EnableOverride":
        return "disableoverride" not in given
    return name.lower() in given


def names(values: Iterator[str]) -> str:
    """A readable list for an error text: at most eight of the names."""
    all_names = sorted(values)
    return ", ".join(all_names[:8]) + (", …" if len(all_names) > 8 else "")
