# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a CIM server's broker makes: its texts, paths and other objects, and what it refuses."""

from __future__ import annotations

from ctypes import byref, c_void_p
from typing import Any, Callable

from ..cim import Error, Path
from ..cim import Status as Code
from .cmpi_abi import MAKER, SIZE, STRING, Address, Status, chars, functions, pointer, text

# Servers that hold references as texts without escapes: a quote in one would end their process.
UNESCAPED = ("RequestHandler",)  # so sfcb calls itself
# Servers that free a subscription although an event is on its way to it. sfcb deletes none while it
# sends an event, and then at once: the next event must not be there yet.
FORGETFUL, PAUSE = UNESCAPED, 0.05
Given = tuple[Any, int]  # what a function that sets a value is given: a pointer, and the type


class Server:
    """A server, by the broker that it gave a door of ours."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.make = functions(MAKER, address, 2)
        self.embeds = True  # whether properties may be instances; the first refusal tells
        name = chars(pointer(pointer(address + SIZE) + SIZE))
        self.escapes = name not in UNESCAPED
        self.pause = PAUSE if name in FORGETFUL else 0.0  # seconds from an event to the next

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
