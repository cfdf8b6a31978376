# SPDX-License-Identifier: LGPL-2.1-or-later
"""An answer of CIM-XML as it goes out: in blocks, the first of which decides what kind it is.

An error in the first block is an answer of its own. After that it ends the answer without its end,
which a server sends as a broken connection: no client takes a part for the whole.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from typing import Optional

import attrs

from .. import principal
from ..cim import Error, Status
from ..tree import carriable
from .cimxml_message import Call
from .cimxml_value import attribute

BLOCK = 32 * 1024  # characters
WAIT = 0.2  # seconds that what is there waits for more
LOG = logging.getLogger("libvirt_cim.server")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\ud800-\udfff\u2028\u2029]")


@attrs.define
class Entry:
    """One request's line in the log."""

    client: str = "-"
    principal: Optional[str] = None
    operation: str = "-"
    target: str = "-"
    status: str = "-"
    started: float = attrs.Factory(time.monotonic)

    def write(self) -> None:
        """Log it: client, principal, operation, class, status, time."""
        words = (self.client, self.principal or "-", self.operation, self.target, self.status)
        LOG.info("%s %d ms", " ".join(shown(each) for each in words),
                 (time.monotonic() - self.started) * 1000)


def shown(word: str) -> str:
    """A word from outside, as a log can have it: no blanks, no control characters, cut."""
    return _CONTROL.sub("?", word)[:200] or "-"


def error(reason: Error) -> str:
    """ERROR; what XML has no place for in its text is a question mark."""
    text = attribute(carriable(reason.text, "?"), "DESCRIPTION")
    return f'<ERROR CODE="{int(reason.status)}" DESCRIPTION="{text}"/>'


def frame(call: Call) -> tuple[str, str]:
    """What stands before and after the elements of an answer."""
    tag = "IMETHODRESPONSE" if call.path is None else "METHODRESPONSE"
    id_, name = attribute(carriable(call.id, "?"), "ID"), attribute(call.name, "NAME")
    return (
        '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="{id_}" PROTOCOLVERSION="1.0"><SIMPLERSP><{tag} NAME="{name}">',
        f"</{tag}></SIMPLERSP></MESSAGE></CIM>\n",
    )


def failure(mistake: Exception) -> Error:
    """The error that a client is told; of a mistake in the program only that there is one."""
    if isinstance(mistake, Error):
        return mistake
    LOG.error("a mistake in libvirt_cim", exc_info=mistake)
    return Error(Status.FAILED, "the server made a mistake; its log says more")


class Answer:
    """The blocks of an answer, bytes; made for one principal, within a time, logged at the end.

    `whole` says that the first block is all there is.
    """

    def __init__(self, call: Call, texts: Iterable[str], entry: Entry, seconds: float) -> None:
        self._entry, self._call = entry, call
        self._until = entry.started + seconds
        self._texts = iter(texts)
        self.whole = False
        self._first: Optional[bytes] = self._begin()
        self._logged = False

    def _begin(self) -> bytes:
        before, after = frame(self._call)
        try:
            block = self._block()
            self._entry.status = "ok"
        except Exception as mistake:
            reason = failure(mistake)
            self._entry.status = str(int(reason.status))
            block, self.whole = error(reason), True
        return (before + block + (after if self.whole else "")).encode("utf-8")

    def _block(self) -> str:
        """The next elements: as many as are there soon; all of them if `whole` is true then."""
        found, size, late = [], 0, 0.0
        with principal.acting(self._entry.principal):
            for text in self._texts:
                now = time.monotonic()
                if now > self._until:
                    raise Error(Status.FAILED, "the answer took too long")
                found.append(text)
                size += len(text)
                late = late or now + WAIT
                if size >= BLOCK or now > late:
                    return "".join(found)
        self.whole = True
        return "".join(found)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            return first
        if self.whole:
            raise StopIteration
        try:
            block = self._block()
        except Exception as mistake:
            reason = failure(mistake)
            self._entry.status = f"{int(reason.status)}/broken-off"
            self.whole = True
            raise ConnectionAbortedError(reason.text) from None
        after = frame(self._call)[1] if self.whole else ""
        return (block + after).encode("utf-8")

    def size(self) -> Optional[int]:
        """The length of the answer, if it is known already."""
        return len(self._first) if self.whole and self._first is not None else None

    def close(self) -> None:
        """What WSGI calls in the end, however it ended."""
        if not self._logged:
            self._logged = True
            if not self.whole:
                self._entry.status = "gone"
            getattr(self._texts, "close", lambda: None)()
            self._entry.write()
