# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt tells of all guests of a connection at once, each listing asked for once.

What it cannot tell so (an old libvirt, another driver) must be asked of the guests one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Optional

from ..cim import Error, Status
from . import document
from .connection import Connection
from .error import libvirt
from .statistics import Bulk, Numbers, Reading, of_guests

FLAGS = {
    "transient": (libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
                  | libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT),
    "autostart": libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART,
    "managedsave": libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
    "snapshot": libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT,
    "checkpoint": libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT,
}
_TOLD = frozenset(("name", "uuid", "state"))  # the leaves of <info> that listings tell
_UNABLE = (Status.NOT_SUPPORTED, Status.INVALID_PARAMETER)
_OFF = "shutoff"


class Listing:
    """All guests as they are listed, and what is told of them together, by their uuids."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._handles: Optional[list[Any]] = None
        self._having: dict[str, Optional[frozenset[str]]] = {}
        self._numbers: Optional[list[tuple[Any, Numbers]]] = None
        self._states: Optional[dict[str, tuple[int, int]]] = None
        self._statistics: Optional[dict[str, Reading]] = None

    @property
    def handles(self) -> list[Any]:
        """Every guest, in libvirt's order; none where the driver has no guests."""
        if self._handles is None:
            try:
                self._handles = self.connection.ask(lambda virt: virt.listAllDomains(0))
            except Error as error:
                if error.status != Status.NOT_SUPPORTED:
                    raise
                self._handles = []
        return self._handles

    def having(self, what: str) -> Optional[frozenset[str]]:
        """The guests that a listing of one kind of them has; None if libvirt can't tell."""
        if what not in self._having:
            self._having[what] = self._list(FLAGS[what])
        return self._having[what]

    def _list(self, flags: int) -> Optional[frozenset[str]]:
        try:
            return self.connection.ask(lambda virt: frozenset(
                each.UUIDString() for each in virt.listAllDomains(flags)))
        except Error as error:
            if error.status in _UNABLE:
                return None
            raise

    @property
    def counted(self) -> bool:
        """Whether the statistics of all guests are there."""
        return self._statistics is not None

    @property
    def states(self) -> dict[str, tuple[int, int]]:
        """State and reason, in one call; empty if libvirt can't tell."""
        if self._states is None:
            self._states = {
                each.UUIDString(): (numbers["state.state"], numbers.get("state.reason", 0))
                for each, numbers in self._in_states()
            }
        return self._states

    def _in_states(self) -> list[tuple[Any, Numbers]]:
        """Every guest whose state may be read, with the numbers of its state."""
        if self._numbers is None:
            found, _ = self.bulk(("state",))
            self._numbers = [each for each in found if "state.state" in each[1]]
        return self._numbers

    def statistics(self, groups: Collection[str]) -> dict[str, Reading]:
        """The statistics of all guests, in one call; empty if libvirt can't tell."""
        if self._statistics is None:
            found, time = self.bulk(groups)
            self._statistics = {
                each.UUIDString(): Reading(numbers, time) for each, numbers in found}
        return self._statistics

    def bulk(
        self, groups: Collection[str], handles: Optional[Collection[Any]] = None
    ) -> Bulk:
        """The statistics of those guests (None: all), nothing if libvirt can't tell."""
        try:
            return of_guests(self.connection, groups, handles)
        except Error as error:
            if error.status not in _UNABLE:
                raise
            return [], ""

    # leaves side by side

    def sheet(self, leaves: Sequence[str]) -> Optional[Iterable[tuple[str, ...]]]:
        """Those leaves of every guest's <info>, guest by guest; None where listings tell them not.

        Who may list a guest and not read it is not told its state, and so nothing of it.
        """
        if not _TOLD.issuperset(leaves):
            return None
        columns: dict[str, Sequence[str]] = {}
        if "state" in leaves:
            words = self._state_words()
            if not words:
                return None
            columns["state"] = words
            self._handles = [each for each, _ in self._in_states()]  # no other call need list them
        columns["name"] = [each.name() for each in self.handles]
        if "uuid" in leaves:
            columns["uuid"] = [each.UUIDString() for each in self.handles]
        return zip(*[columns[leaf] for leaf in leaves])

    def _state_words(self) -> Optional[list[str]]:
        """The state of every guest whose state may be read; None if libvirt can't tell."""
        found = self._in_states()
        words = [document.state_word(numbers["state.state"]) for _, numbers in found]
        saved = self.having("managedsave") if _OFF in words else frozenset[str]()
        if not saved:
            return None if saved is None else words
        return [document.SAVED if word == _OFF and each.UUIDString() in saved else word
                for word, (each, _) in zip(words, found)]
