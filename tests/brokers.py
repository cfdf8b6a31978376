# SPDX-License-Identifier: LGPL-2.1-or-later
"""The defects of CIM servers, brokers.ini: calls that answer otherwise than anywhere else."""

from __future__ import annotations

import configparser
import fnmatch
from pathlib import Path
from typing import NamedTuple, Optional

FILE = Path(__file__).with_name("brokers.ini")


class Defect(NamedTuple):
    """A row: what is wrong, in which calls, and the smallest of them that shows it."""

    make: str
    title: str
    calls: list[str]
    status: Optional[int]
    reason: str
    case: str

    def fits(self, call: str) -> bool:
        """Whether a call is one of those."""
        return any(fnmatch.fnmatchcase(call, each.replace("[", "[[]")) for each in self.calls)


class Defects:
    """All of them."""

    def __init__(self) -> None:
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
        parser.read(FILE, "utf-8")
        self.rows = []
        for name, row in parser.items():
            if name != parser.default_section:
                make, _, title = name.partition(": ")
                self.rows.append(Defect(
                    make, title, row["calls"].strip().splitlines(), row.getint("status"),
                    row["reason"], row["case"]))

    def of(self, make: str, call: str) -> Optional[Defect]:
        """The one that a call of a server has."""
        return next((each for each in self.rows if each.make == make and each.fits(call)), None)
