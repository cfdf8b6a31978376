# SPDX-License-Identifier: LGPL-2.1-or-later
"""Amounts: libvirt's units and CIM's, each turned into the other exactly or refused."""

from __future__ import annotations

from typing import Optional

import pytest
from test_rules import MEMORY, Guest
from xpath import UNITS

from libvirt_cim import value
from libvirt_cim.cim import Error


@pytest.mark.parametrize(("unit", "number", "kib"), [
    ("KiloBytes", 4096, 4096), ("byte * 2^10", 4096, 4096), ("byte*2^20", 4, 4096),
    ("MegaBytes", 3, 3072), ("byte", 4096, 4), ("Bytes", 4096, 4), ("megabytes", 1, 1024),
    ("byte * 10^3", 1024, 1000), ("GigaBytes", 1, 2**20), ("byte  *  2 ^ 10", 5, 5),
    ("G", 1, 2**20), ("MiB", 3, 3072), ("KB", 1024, 1000),
])
def test_units(unit: str, number: int, kib: int) -> None:
    guest = Guest(MEMORY)
    guest.put(AllocationUnits=unit, Limit=number)
    assert guest.read("Limit") == kib
    assert guest.text("memory/@unit") == ("MiB" if kib == 4096 else "KiB")  # 4 MiB is kept


@pytest.mark.parametrize(("unit", "number"), [
    ("byte", 1), ("byte * 10^3", 1), ("count", 4), ("", 4), ("byte * 2^1000", 4),
    ("byte * 0^1", 4), ("byte * " + "9" * 5000 + "^9", 4), ("GigaBytes", 2**60),
])
def test_units_refused(unit: str, number: int) -> None:
    with pytest.raises(Error, match=f"^{MEMORY}.(Limit|AllocationUnits): [^\n]*$"):
        Guest(MEMORY).put(AllocationUnits=unit, Limit=number)


def test_unit_alone() -> None:
    guest = Guest(MEMORY)
    guest.put(AllocationUnits="MegaBytes")
    assert guest.text("memory") == "4"
    with pytest.raises(Error, match=f"^{MEMORY}.AllocationUnits: "):
        guest.put(AllocationUnits="furlongs")


@pytest.mark.parametrize(("text", "unit", "kib"), [
    ("4096", "b", 4), ("4096", "bytes", 4), ("1", "KiB", 1), ("1", "k", 1), ("1024", "KB", 1000),
    ("3", "mib", 3072), ("3", "M", 3072), ("1", "TiB", 2**30), ("1", "EiB", 2**50), ("5", None, 5),
    ("5", "", 5), (" 5 ", "KiB", 5), ("1500", "b", 2), ("1", "b", 1), ("5", "acre", None),
    ("", "KiB", None), ("+5", "KiB", None), ("-5", "KiB", None), ("5.5", "KiB", None),
    ("9" * 5000, "KiB", None), ("\u0663", "KiB", None),
])
def test_amounts_are_read(text: str, unit: Optional[str], kib: Optional[int]) -> None:
    guest = Guest(MEMORY)
    guest.node.text = text
    guest.node.attrib.clear()
    if unit is not None:
        guest.node.set("unit", unit)
    assert guest.read("Limit") == kib


def test_every_unit_of_libvirt() -> None:
    """They are read in any case; https://libvirt.org/formatdomain.html#memory-allocation."""
    assert {unit: value.libvirt_unit(unit) for unit in UNITS} == UNITS
    assert {unit: value.libvirt_unit(unit.upper()) for unit in UNITS} == UNITS
    assert not any(map(value.libvirt_unit, ("", "ib", "bb", "xib", "kibi", "KiloBytes")))
