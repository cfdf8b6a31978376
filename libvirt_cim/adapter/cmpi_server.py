# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a CIM server's broker makes: its texts, paths and other objects, and what it refuses."""

from __future__ import annotations

import re
from ctypes import byref, c_void_p
from typing import Any, Callable, NamedTuple

from ..cim import Error, Path
from ..cim import Status as Code
from .cmpi_abi import (
    BROKER,
    MAKER,
    PATHS,
    SIZE,
    STRING,
    Address,
    Status,
    chars,
    functions,
    pointer,
    text,
)

NUMBER = 1 << 12  # what is less is no address
_LACKING = re.compile(r'[.,]\w+="null"(?=(?:,\w+="null")*$)')
Given = tuple[Any, int]  # what a function that sets a value is given: a pointer, and the type


class Traits(NamedTuple):
    """What a server is known to do otherwise than others."""

    escapes: bool = True  # a quote in a reference, which would end its process else
    pause: float = 0.0  # seconds from an event to the next
    instances: bool = True  # are values, and NULL is one of an array; lost is what is not
    narrows: bool = True  # an instance after its class's own values were taken away
    whole: bool = True  # paths are: a key that is NULL can be asked for


# sfcb calls itself so. It holds references as texts without escapes; and it frees a subscription
# although an event is on its way to it: it deletes none while it sends an event, and then at once.
# OpenWBEM throws an exception for a key that is NULL, which Python would not survive.
KNOWN = {"RequestHandler": Traits(escapes=False, pause=0.05),
         "OpenWBEM": Traits(instances=False, narrows=False, whole=False)}


class Server:
    """A server, by the broker that it gave a door of ours."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.make = functions(MAKER, address, 2)
        table = pointer(address + SIZE)
        if 0 < pointer(table + SIZE) < NUMBER:  # no name: OpenWBEM 3 has the version in a word
            table += SIZE
        self.functions = BROKER.functions(table)
        name = chars(pointer(table + SIZE))
        self.traits = KNOWN.get(name or "", Traits())
        self.embeds = self.traits.instances  # whether a property may be; the first refusal tells

    def keys(self, path: Address) -> int:
        """How many keys of a path there are; those that a client has left out are the last."""
        found = int(functions(PATHS, path).count(path, None))
        if self.traits.whole:
            return found
        shown = text(self.make.text(self.address, path, None)) or ""
        return found - len(_LACKING.findall(shown))

    def made(self, maker: Callable[..., Any], *given: Any) -> Address:
        """An object; cim.Error with what the server says if it makes none."""
        said = Status()
        found = maker(self.address, *given, byref(said))
        if not found:
            raise refused("an object", said)
        return int(found)

    def string(self, data: bytes) -> Given:
        """A CMPIString, as a value."""
        return byref(c_void_p(self.made(self.make.string, data))), STRING

    def say(self, said: Status, error: Error) -> None:
        """Put an error into a status."""
        said.code = int(error.status)
        data = error.text.encode("utf-8", "replace").replace(b"\0", b"?")
        said.text = self.make.string(self.address, data, None)


class Unfit(Error):
    """What this server cannot have: an instance with it is left out."""

    def __init__(self, path: Path) -> None:
        super().__init__(Code.FAILED, f"this CIM server has no reference to {path}")


def refused(what: str, said: Status) -> Error:
    """What the server does not take, with the reason if it gives one."""
    reason = text(said.text or 0) or f"status {said.code}"
    return Error(Code.FAILED, f"{what} was refused by the CIM server: {reason}")


def check(said: Status, what: str) -> None:
    """CIM_ERR_FAILED if a server did not take something."""
    if said.code:
        raise refused(what, said)
