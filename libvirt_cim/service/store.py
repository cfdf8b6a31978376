# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server keeps beyond its requests: texts by kind, in one SQLite file.

Any thread may use it; every change is in the file when the call returns.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from ..cim import Error, Status

MEMORY = ":memory:"
VERSION = 1  # of what is in the file
_TABLE = """CREATE TABLE IF NOT EXISTS kept
    (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, document TEXT NOT NULL)"""


class Store:
    """The texts of a file, or of the process if there is none; cim.Error if it cannot be used."""

    def __init__(self, file: str = MEMORY) -> None:
        self.file, self._lock = file, threading.Lock()
        try:
            self._base = sqlite3.connect(
                file, timeout=5, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._failed(error) from None
        (version,), = self._done("PRAGMA user_version")[0]
        if version > VERSION:
            raise Error(Status.FAILED, f"{file}: is of a later version of libvirt-cim")
        self._done(_TABLE)
        self._done(f"PRAGMA user_version = {VERSION}")

    @property
    def lasting(self) -> bool:
        """Whether what is kept outlives the process."""
        return self.file != MEMORY

    def all(self, kind: str) -> list[tuple[int, str]]:
        """The texts of a kind with their numbers, in the order in which they came."""
        return self._done("SELECT id, document FROM kept WHERE kind = ? ORDER BY id", kind)[0]

    def add(self, kind: str, text: str) -> int:
        """Keep a text: its number, which no other ever gets."""
        return self._done("INSERT INTO kept (kind, document) VALUES (?, ?)", kind, text)[1]

    def change(self, number: int, text: str) -> None:
        """Keep another text under a number."""
        self._done("UPDATE kept SET document = ? WHERE id = ?", text, number)

    def remove(self, number: int) -> None:
        """Keep the text of a number no longer."""
        self._done("DELETE FROM kept WHERE id = ?", number)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def _done(self, statement: str, *values: object) -> tuple[list[Any], int]:
        """What a statement finds, and the number of what it added."""
        with self._lock:
            try:
                cursor = self._base.execute(statement, values)
                return cursor.fetchall(), cursor.lastrowid or 0
            except sqlite3.Error as error:
                raise self._failed(error) from None

    def _failed(self, error: sqlite3.Error) -> Error:
        return Error(Status.FAILED, f"{self.file}: {error}")
