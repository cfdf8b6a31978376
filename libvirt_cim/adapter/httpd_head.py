# SPDX-License-Identifier: LGPL-2.1-or-later
"""The head of a request, read so that no server before this one can have read it otherwise.

What RFC 9112 (5.1, 5.2, 6.3) has a server refuse, lest one client's body is taken for another's
request: two lengths, a length beside chunks, a name with a blank, a line that goes on.
"""

from __future__ import annotations

import re
from typing import Any, Optional

from cheroot import server

_LINE = re.compile(rb"([!#$%&'*+.^`|~\w-]+):[^\r\n\0]*\r\n", re.ASCII)
_ONCE = frozenset((b"content-length", b"transfer-encoding", b"host", b"content-type",
                   b"authorization"))
_LENGTHS = {b"content-length", b"transfer-encoding"}


class _Lines:
    """The lines of a head, looked at before cheroot sees them."""

    def __init__(self, file: Any) -> None:
        self._file, self._once = file, set[bytes]()

    def readline(self) -> bytes:
        """The next line; ValueError if a request may not have it."""
        while True:
            line: bytes = self._file.readline()
            if not line.rstrip(b"\r\n"):
                return line
            match = _LINE.fullmatch(line)
            if match is None:
                raise ValueError("Illegal header line.")
            name = match[1].lower()
            self._check(name)
            if b"_" not in name:  # WSGI spells - as _, so it would stand for another header
                return line

    def _check(self, name: bytes) -> None:
        if name in self._once:
            raise ValueError("A header is given twice.")
        if name in _ONCE:
            self._once.add(name)
        if _LENGTHS <= self._once:
            raise ValueError("Content-Length and Transfer-Encoding exclude each other.")


class HeaderReader(server.HeaderReader):
    """cheroot's reader of headers, on lines that are checked."""

    def __call__(self, rfile: Any, hdict: Optional[dict[bytes, bytes]] = None) -> Any:
        """The headers; ValueError, which is answered with 400, if they are wrong."""
        return super().__call__(_Lines(rfile), hdict)
