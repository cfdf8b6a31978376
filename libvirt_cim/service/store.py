# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server keeps beyond its requests: texts by kind, in one SQLite file.

Any thread may use it; every change is in the file when the call returns.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Any

from ..cim import Error, Status

MEMORY = ":memory:"
VERSION = 1  # of what is in the file
_TABLE = """CREATE TABLE kept
    (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, document TEXT NOT NULL)"""


class Store:
    """The texts of a file, or of the process if there is none; cim.Error if it cannot be used."""

    def __init__(self, file: str = MEMORY) -> None:
        self.file, self._lock = file, threading.Lock()
        try:
            if self.lasting:  # where clients have their listeners is nobody else's business
                os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(
                file, timeout=5, isolation_level=None, check_same_thread=False)
        except OSError as error:
            raise self._failed(error.strerror) from None
        except sqlite3.Error as error:
            raise self._failed(error) from None
        try:
            self._begin()
        except Error:
            self._base.close()
            raise

    def _begin(self) -> None:
        """Make the table, if nothing is in the file yet, or see that it is ours."""
        self._done("BEGIN IMMEDIATE")
        (version,), = self._done("PRAGMA user_version")[0]
        if version > VERSION:
            raise self._failed("is of a later version of libvirt-cim")
        if version == 0:
            if self._done("SELECT name FROM sqlite_master")[0]:
                raise self._failed("another program keeps something in it")
            self._done(_TABLE)
            self._done(f"PRAGMA user_version = {VERSION}")
        self._done("COMMIT")

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

    def _failed(self, why: object) -> Error:
        return Error(Status.FAILED, f"{self.file}: {why}")
