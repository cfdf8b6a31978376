# SPDX-License-Identifier: LGPL-2.1-or-later
"""Points in time: libvirt's seconds since 1970 to CIM's datetime (DSP0004, 5.2.4) and back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Optional

from .cim import DATETIME, Value, invalid

_TIMESTAMP = re.compile(r"(\d{14})\.(\d{6})([+-]\d{3})", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_EPOCH = datetime(1970, 1, 1)


def read(text: str) -> Optional[str]:
    """The datetime, in UTC, of seconds since 1970; None for what CIM has no year for.

    What is spelled as in CIM is so in a document that we made.
    """
    if DATETIME.fullmatch(text):
        return text
    if not _SECONDS.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    try:
        then = _EPOCH + timedelta(seconds=int(whole))
    except OverflowError:
        return None
    return f"{then:%Y%m%d%H%M%S}.{fraction[:6]:0<6}+000"


def written(value: Value) -> str:
    """The seconds since 1970 of a datetime, with the fraction that it has."""
    found = _TIMESTAMP.fullmatch(str(value))
    if found is None:
        raise invalid(f"{value!r} has no counterpart in libvirt; it has points in time")
    try:
        then = datetime.strptime(found[1], "%Y%m%d%H%M%S")
    except ValueError:
        raise invalid(f"{value!r} is no point in time") from None
    whole = (then - _EPOCH) // timedelta(seconds=1) - int(found[3]) * 60
    if whole < 0:
        raise invalid(f"{value!r} has no counterpart in libvirt; it counts from 1970")
    fraction = found[2].rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
