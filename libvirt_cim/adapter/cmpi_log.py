# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log of a process that is a CIM server's: into the server's log, nothing to its output."""

from __future__ import annotations

import io
import logging
from typing import Any, Callable, Optional

from .cmpi_server import Server

NAME = b"libvirt-cim"
_SEVERITY = ((logging.ERROR, 1), (logging.WARNING, 3), (logging.INFO, 2))
_DEBUG = 4


class Handler(logging.Handler):
    """Hands records to the server that was seen last; without a log of its own they are lost."""

    def __init__(self, server: Callable[[], Optional[Server]]) -> None:
        super().__init__()
        self._server = server
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record, a traceback line by line."""
        server = self._server()
        if server is None or server.make.log is None:
            return
        severity = next((to for level, to in _SEVERITY if record.levelno >= level), _DEBUG)
        for line in self.format(record).splitlines():
            data = line.encode("utf-8", "replace").replace(b"\0", b"?")
            server.make.log(server.address, severity, NAME, data, None)


class Output(io.TextIOBase):
    """A stream for what some module prints: the log has it, line by line."""

    def __init__(self, log: Callable[[str], Any]) -> None:
        self._log = log
        self._begun = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Log whole lines, keep the rest."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            self._log(line)
        return len(text)
