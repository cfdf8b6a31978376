# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration file: sections of `name = value`, every mistake told as file:line.

libvirt-cim's own file has no sections; its options are understood before the first one. Reads the
file and the names in it, opens nothing else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NamedTuple, Optional

import attrs

from .adapter import access
from .adapter.limits import Limits
from .cim import Error, invalid
from .namespace import HOME

FILE = "/etc/libvirt-cim.conf"
VARIABLE = "LIBVIRT_CIM_CONF"
LISTEN = ("127.0.0.1", 5988)
_NAMESPACE = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")
_LINE = re.compile(r"(?P<name>[^=:\s][^=:]*?)\s*[=:]\s*(?P<value>.*)")
_SECTION = re.compile(r"\[\s*(?P<kind>\S+)(?:\s+(?P<name>[^\]]*?))?\s*\]")
LEVELS = ("debug", "info", "warning", "error")
# libvirt-cim's options that mean nothing here, each with why.
_UNUSED = {
    "disable_kvm": "the hosts are those that have a [connection]",
    "migrate_ssh_temp_key": "guests are not migrated yet",
    "lldptool_query_options": "switches are not asked by lldptool here",
    "vsi_support_key_string": "switches are not asked by lldptool here",
}


class Line(NamedTuple):
    """A line of a section: where it is, and what it says."""

    place: str
    name: str
    value: str


@attrs.frozen
class Connection:
    """A host: where libvirt finds it, and the namespace it has."""

    uri: str
    namespace: str = HOME
    read_only: bool = False
    auth_file: Optional[str] = None


@attrs.define
class Config:
    """What a file says; what it does not say has its default."""

    connections: list[Connection] = attrs.Factory(list)
    listen: tuple[str, int] = LISTEN
    tls_cert: Optional[str] = None
    tls_key: Optional[str] = None
    tls_client_ca: Optional[str] = None
    users: Optional[str] = None
    state: Optional[str] = None
    log_level: str = "info"
    log_target: str = "stderr"
    roles: dict[str, str] = attrs.Factory(dict)
    limits: Limits = attrs.Factory(Limits)
    readonly: bool = False
    mistakes: list[str] = attrs.Factory(list)
    notes: list[str] = attrs.Factory(list)  # what is understood and has no effect


# values

def truth(text: str) -> bool:
    """A truth in any of the usual words."""
    found = {"yes": True, "true": True, "on": True, "1": True,
             "no": False, "false": False, "off": False, "0": False}.get(text.lower())
    if found is None:
        raise invalid(f"{text!r} is not yes or no")
    return found


def number(text: str) -> int:
    """A number of at least one; K, M and G are powers of 1024."""
    match = re.fullmatch(r"([1-9]\d{0,11})\s*([KMG]?)", text.upper(), re.ASCII)
    if match is None:
        raise invalid(f"{text!r} is not a number of at least 1")
    return int(match[1]) << 10 * " KMG".index(match[2] or " ")


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, an IPv6 address in brackets."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s\[\]]+)):(\d{1,5})", text, re.ASCII)
    if match is None or int(match[3]) > 65535:
        raise invalid(f"{text!r} is not HOST:PORT")
    return match[1] or match[2], int(match[3])


def _text(text: str) -> str:
    if not text:
        raise invalid("there is no value")
    return text


def _file(text: str) -> str:
    if not os.path.isabs(_text(text)):
        raise invalid(f"{text!r} is not a path from the root on")
    return text


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text):
        raise invalid(f"{text!r} is not a namespace")
    return text


def _level(text: str) -> str:
    if text.lower() not in LEVELS:
        raise invalid(f"{text!r} is not one of {', '.join(LEVELS)}")
    return text.lower()


def _target(text: str) -> str:
    return text if text in ("stderr", "syslog") else _file(text)


Options = Mapping[str, Callable[[str], Any]]
SERVER: Options = {
    "listen": address, "tls_cert": _file, "tls_key": _file, "tls_client_ca": _file,
    "users": _file, "state": _file, "log_level": _level, "log_target": _target,
}
CONNECTION: Options = {
    "uri": _text, "namespace": _namespace, "read_only": truth, "auth_file": _file}
LIMITS: Options = {field.name: number for field in attrs.fields(Limits)}
LIBVIRT_CIM: Options = {"readonly": truth, **dict.fromkeys(_UNUSED, str)}


# the file

def load(file: Optional[str] = None) -> Config:
    """The configuration of a file, else of $LIBVIRT_CIM_CONF or /etc; cim.Error with all mistakes.

    A file that is named must be there.
    """
    named = file or os.environ.get(VARIABLE)
    if named is None and not os.path.exists(FILE):
        return Config()
    config = read(named or FILE)
    if config.mistakes:
        raise invalid("\n".join(config.mistakes))
    return config


def read(file: str) -> Config:
    """What a file says, with its mistakes; OSError if it cannot be read."""
    with open(file, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    found = Config()
    for place, kind, name, lines in _sections(text, file, found):
        _section(found, place, kind, name, lines)
    if (found.tls_cert is None) != (found.tls_key is None):
        found.mistakes.append(f"{file}: tls-cert and tls-key go together")
    if found.tls_client_ca and not found.tls_cert:
        found.mistakes.append(f"{file}: tls-client-ca needs tls-cert")
    if found.readonly:
        found.connections = [attrs.evolve(each, read_only=True) for each in found.connections]
    return found


def _sections(
    text: str, file: str, config: Config
) -> Iterator[tuple[str, str, str, list[Line]]]:
    """Each section: its place, kind and name, and its lines; the first has no kind."""
    place, kind, name = f"{file}:1", "", ""
    lines: list[Line] = []
    for count, line in enumerate(text.splitlines(), 1):
        line, here = line.strip(), f"{file}:{count}"
        if not line or line[0] in "#;" or line.startswith("//"):
            continue
        section, option = _SECTION.fullmatch(line), _LINE.fullmatch(line)
        if section is not None:
            yield place, kind, name, lines
            place, kind, name = here, section["kind"].lower(), section["name"] or ""
            lines = []
        elif option is not None:
            value = option["value"] if kind else _unquoted(option["value"])
            lines.append(Line(here, option["name"], value))
        else:
            config.mistakes.append(f"{here}: is no section and no NAME = VALUE")
    yield place, kind, name, lines


def _unquoted(value: str) -> str:
    """A value of libvirt-cim's own file: a semicolon behind, quotes around."""
    value = value.rstrip("; ")
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _section(config: Config, place: str, kind: str, name: str, lines: list[Line]) -> None:
    if kind == "connection":
        _connection(config, place, name, lines)
    elif kind == "roles":
        names = dict.fromkeys((line.name for line in lines), access.role)
        config.roles.update(_values(config, lines, names, str))
    elif kind == "limits":
        config.limits = attrs.evolve(config.limits, **_values(config, lines, LIMITS))
    elif kind in ("", "libvirt-cim", "server"):
        for key, value in _values(config, lines, SERVER if kind == "server" else LIBVIRT_CIM
                                  ).items():
            if key not in _UNUSED:
                setattr(config, key, value)
    else:
        config.mistakes.append(f"{place}: [{kind}] is no section")


def _option(name: str) -> str:
    """An option's name as Python has it."""
    return name.lower().replace("-", "_")


def _values(config: Config, lines: list[Line], options: Options,
            named: Callable[[str], str] = _option) -> dict[str, Any]:
    """The values of a section's lines; what is wrong with one is added to the mistakes."""
    found: dict[str, Any] = {}
    for place, shown, text in lines:
        name = named(shown)
        if name in found:
            config.mistakes.append(f"{place}: {shown} is given twice")
        elif name not in options:
            config.mistakes.append(f"{place}: {shown} is no option here")
        else:
            try:
                found[name] = options[name](text)
            except Error as error:
                config.mistakes.append(f"{place}: {shown}: {error.text}")
        if name in _UNUSED:
            config.notes.append(f"{place}: {shown} has no effect: {_UNUSED[name]}")
    return found


def _connection(config: Config, place: str, name: str, lines: list[Line]) -> None:
    values = _values(config, lines, CONNECTION)
    if "uri" not in values:
        if not any(_option(line.name) == "uri" for line in lines):
            config.mistakes.append(f"{place}: [{f'connection {name}'.rstrip()}] has no uri")
        return
    if "namespace" not in values and config.connections:
        if not re.fullmatch(r"\w[\w.-]*", name):
            config.mistakes.append(f"{place}: a second connection needs a name or a namespace")
            return
        values["namespace"] = f"{HOME}/{name}"
    made = Connection(**values)
    taken = {each.namespace.lower() for each in config.connections}
    if made.namespace.lower() in taken:
        config.mistakes.append(f"{place}: another connection has the namespace {made.namespace}")
    config.connections.append(made)
