# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as one request sees them: listed once or looked up, and asked once for each thing.

What a listing can say of all guests at once (who is transient, saved, started with the host, has
snapshots, in which state) is asked so once the guests were listed, else one by one.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import Any, Callable, Optional, Union

from .. import tree
from ..cim import Error, Status
from ..tree import Element
from . import document
from .connection import Connection
from .document import Texts
from .error import libvirt
from .listing import Listing
from .statistics import Reading
from .together import Reader

_NONE = (Status.NOT_FOUND, Status.INVALID_PARAMETER)  # what a lookup of no guest's name gives


class Guest:
    """One guest: what it was when it was found, and what was asked since."""

    __slots__ = ("guests", "handle", "uuid", "active", "listed", "_texts", "_ahead", "_answers")

    def __init__(self, guests: Guests, handle: Any, uuid: str, listed: bool) -> None:
        self.guests, self.handle, self.listed, self.uuid = guests, handle, listed, uuid
        self.active = handle.ID() != -1  # the handle knows; no round trip
        self._texts: Texts = {}
        self._ahead: dict[bool, Union[str, Error]] = {}
        self._answers: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Its name; the handle knows."""
        return str(self.handle.name())

    def xml(self, inactive: bool) -> Element:
        """Its document, live or configured, secrets masked; fetched now unless it is at hand."""
        self.fetch(inactive)
        found = self._ahead[inactive]
        if isinstance(found, Error):
            del self._ahead[inactive]
            raise Error(found.status, found.text)  # this one would keep itself
        if not self.guests.kept:
            del self._ahead[inactive]
        return tree.fast_parse(found)

    def fetch(self, inactive: bool) -> None:
        """Have the text at hand, or the error, for when it is asked for."""
        if inactive not in self._ahead:
            try:
                self._ahead[inactive] = self.described(inactive)
            except Error as error:
                self._ahead[inactive] = Error(error.status, error.text)  # not where it came from

    def at_hand(self, inactive: bool) -> bool:
        """Whether the text need not be fetched."""
        return inactive in self._ahead

    def described(self, inactive: bool) -> str:
        """The text of its document."""
        return self.guests.reader.ask((self.uuid, inactive), lambda: self._described(inactive))

    def _described(self, inactive: bool) -> str:
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        return str(self.guests.connection.call(self.handle.XMLDesc, flags))

    @property
    def persistent(self) -> bool:
        """Whether it has a configuration; only a running guest must be asked."""
        return not self.active or self.text("persistent") == "yes"

    def texts(self, names: Collection[str]) -> Texts:
        """Those leaves of its <info>; unknown names and what libvirt does not tell are None."""
        return {name: self.text(name) for name in names}

    def text(self, name: str) -> Optional[str]:
        """One leaf of its <info>."""
        if name not in self._texts and name in _ASK:
            try:
                self._texts.update(self.guests.connection.call(_ASK[name], self))
            except Error as error:
                if error.status != Status.NOT_SUPPORTED:
                    raise
                self._texts[name] = None
        return self._texts.get(name)

    def once(self, question: str, ask: Callable[[], Any]) -> Any:
        """What asking gave, the first time."""
        if question not in self._answers:
            self._answers[question] = ask()
        return self._answers[question]

    def among(self, what: str) -> Optional[bool]:
        """Whether a listing has it; None where that must be asked of the guest."""
        found = self.guests.listing.having(what) if self.listed else None
        return None if found is None else self.uuid in found


def _state(guest: Guest) -> Texts:
    numbers = guest.guests.listing.states.get(guest.uuid) if guest.listed else None
    texts = document.state(*(numbers or guest.handle.state(0)))
    if texts["state"] == "shutoff" and guest.text("managedsave") == "yes":
        texts["state"] = document.SAVED
    return texts


def _usage(guest: Guest) -> Texts:
    return document.usage(guest.handle.info())


def _persistent(guest: Guest) -> Texts:
    transient = guest.active and guest.among("transient")
    if transient is None:
        transient = not guest.handle.isPersistent()
    return {"persistent": document.yes(not transient)}


def _autostart(guest: Guest) -> Texts:
    listed = guest.among("autostart")
    return {"autostart": document.yes(guest.handle.autostart() if listed is None else listed)}


def _managedsave(guest: Guest) -> Texts:
    listed = guest.among("managedsave")
    found = guest.handle.hasManagedSaveImage(0) if listed is None else listed
    return {"managedsave": document.yes(found)}


def _named(guest: Guest) -> Texts:
    return {"name": guest.name, "uuid": guest.uuid}


_ASK: dict[str, Callable[[Guest], Texts]] = {
    "name": _named, "uuid": _named,
    "state": _state, "reason": _state, "persistent": _persistent, "autostart": _autostart,
    "managedsave": _managedsave,
    "maxMemory": _usage, "memory": _usage, "vcpus": _usage, "cputime": _usage,
}


class Guests:
    """The guests of a connection, each found once until it is forgotten.

    `kept`: the texts of documents are kept, for who reads them again.
    """

    def __init__(self, connection: Connection, kept: bool = False) -> None:
        self.connection, self.kept = connection, kept
        self.reader = Reader(connection.together)
        self._weak = weakref.proxy(self)  # guests do not keep it
        self._uuids: dict[str, Optional[Guest]] = {}
        self.forget()

    def forget(self, name: Optional[str] = None) -> None:
        """What is known of one guest, or of all, is out of date; so is any listing."""
        self.reader.begin()
        self._uuids = {
            uuid: guest for uuid, guest in self._uuids.items()
            if name is not None and guest is not None and guest.name != name
        }
        self._names: Optional[dict[str, Optional[Guest]]] = None  # once a name is asked for
        self._all: Optional[list[Guest]] = None
        self.listing = Listing(self.connection)

    def _keep(self, handle: Any, listed: bool) -> Guest:
        uuid = str(handle.UUIDString())
        guest = self._uuids.get(uuid) or Guest(self._weak, handle, uuid, listed)
        self._uuids[uuid] = guest
        if self._names is not None:
            self._names[guest.name] = guest
        return guest

    @property
    def _by_name(self) -> dict[str, Optional[Guest]]:
        """Those that were found, and those that are not there, by name."""
        if self._names is None:
            self._names = {each.name: each for each in self._uuids.values() if each is not None}
        return self._names

    def known(self, name: str) -> Optional[Guest]:
        """The guest of that name if it was found already."""
        return self._by_name.get(name)

    def find(self, what: str, text: str) -> Optional[Guest]:
        """The guest of that name or uuid: from the listing if there was one, else by a lookup."""
        found = self._by_name if what == "name" else self._uuids
        if text not in found:
            handle = self._look_up(what, text)
            found[text] = None if handle is None else self._keep(handle, False)
        return found[text]

    def _look_up(self, what: str, text: str) -> Any:
        try:
            return self.connection.ask(lambda virt: (
                virt.lookupByName if what == "name" else virt.lookupByUUIDString)(text))
        except ValueError:  # no text of libvirt's: NUL, half of a surrogate pair
            return None
        except Error as error:
            if error.status in _NONE:
                return None
            raise

    def all(self) -> list[Guest]:
        """Every guest, in libvirt's order; listed once. None where the driver has no guests."""
        if self._all is None:
            self._all = [self._keep(handle, True) for handle in self.listing.handles]
        return self._all

    def statistics(self, guest: Guest, groups: Collection[str], alone: bool) -> Optional[Reading]:
        """A guest's statistics: asked for alone, or of all guests at once and kept."""
        if not alone or self.listing.counted:
            return self.listing.statistics(groups).get(guest.uuid)
        found, time = self.listing.bulk(groups, [guest.handle])
        return Reading(found[0][1], time) if found else None
