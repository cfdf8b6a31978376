# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's snapshots and checkpoints, listed once or looked up by name, and their documents.

What their XML does not say is added: `@guest`, whose they are, and for a snapshot `@current`,
whether the guest's next one will be based on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from .. import tree
from ..cim import Error, Status
from ..ground import ROOTS
from ..tree import Element
from . import document
from .guest import Guest

SNAPSHOT, CHECKPOINT = "SnapshotXML", "CheckpointXML"


class _Calls(NamedTuple):
    """How libvirt spells a kind."""

    listing: str  # of guests that have some
    list: str
    look_up: str
    current: str  # which one is; nothing where libvirt does not say


CALLS: Mapping[str, _Calls] = {
    SNAPSHOT: _Calls("snapshot", "listAllSnapshots", "snapshotLookupByName", "snapshotCurrent"),
    CHECKPOINT: _Calls("checkpoint", "listAllCheckpoints", "checkpointLookupByName", ""),
}
_NONE = (Status.NOT_FOUND, Status.NOT_SUPPORTED)


class Moment:
    """A snapshot or checkpoint of a guest: its handle, and what of its document needs no call."""

    __slots__ = ("guest", "kind", "handle", "texts")

    def __init__(self, guest: Guest, kind: str, handle: Any) -> None:
        self.guest, self.kind, self.handle = guest, kind, handle
        self.texts: dict[str, str] = {"@guest": guest.name, "name": str(handle.getName())}

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others of the connection."""
        return self.kind, self.guest.uuid, self.texts["name"]

    def stub(self) -> Element:
        """Its document with what needs no call."""
        return document.stub(ROOTS[self.kind], self.texts)

    def xml(self) -> Element:
        """Its document, secrets masked."""
        root = tree.fast_parse(self.guest.guests.connection.call(self.handle.getXMLDesc, 0))
        root.set("guest", self.guest.name)
        if CALLS[self.kind].current:
            root.set("current", document.yes(_current(self.guest, self.kind) == self.texts["name"]))
        return root


def find(guest: Guest, kind: str, name: Optional[str] = None) -> list[Moment]:
    """The guest's snapshots or checkpoints: the one of that name, else all; none if there are none.

    Where all guests were listed, one listing tells who has any.
    """
    calls = CALLS[kind]
    if name is None:
        if guest.among(calls.listing) is False:
            return []
        found = guest.once(kind, lambda: _asked(guest, calls.list, 0) or [])
        return [Moment(guest, kind, handle) for handle in found]
    try:
        handle = guest.once(f"{kind} {name}", lambda: _asked(guest, calls.look_up, name, 0))
    except ValueError:  # no text of libvirt's: NUL, half of a surrogate pair
        return []
    return [] if handle is None else [Moment(guest, kind, handle)]


def _current(guest: Guest, kind: str) -> Optional[str]:
    """The name of the one that is current."""
    handle = guest.once(f"current {kind}", lambda: _asked(guest, CALLS[kind].current, 0))
    return None if handle is None else str(handle.getName())


def _asked(guest: Guest, name: str, *arguments: Any) -> Any:
    """What a call on the guest gives; None where there is no such thing or the driver has none."""
    try:
        return guest.guests.connection.call(getattr(guest.handle, name), *arguments)
    except Error as error:
        if error.status not in _NONE:
            raise
        return None
