# SPDX-License-Identifier: LGPL-2.1-or-later
"""Imported in a program by the library: tells, as a failure, which Python it is and how it is."""

from __future__ import annotations

import json
import locale
import signal
import sqlite3
import subprocess
import sys

CALLS: list[str] = []


def plugged(file: str, output: int, address: int) -> None:
    """Say it."""
    CALLS.append(file)
    raise RuntimeError(json.dumps({
        "version": list(sys.version_info[:2]), "prefix": sys.prefix, "argv": sys.argv,
        "executable": sys.executable, "path": sys.path, "calls": CALLS, "output": output,
        "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding,
                      locale.getpreferredencoding(False)],
        "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "extensions": [sqlite3.sqlite_version, subprocess.__name__],
    }))
