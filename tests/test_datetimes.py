# SPDX-License-Identifier: LGPL-2.1-or-later
"""Points in time: libvirt counts seconds since 1970, CIM spells them out."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim.cim import Error, Property
from libvirt_cim.value import checked, converter

ROW = Property("CreationTime", "datetime")
CONVERTER: Any = converter(ROW)
MOST = 253402300799  # the last second of the year 9999


@given(st.integers(0, MOST))
def test_a_second(seconds: int) -> None:
    value = CONVERTER.read(str(seconds))
    assert value == datetime.fromtimestamp(seconds, timezone.utc).strftime(
        "%Y%m%d%H%M%S.000000+000")
    assert checked(ROW, value, "") == value and CONVERTER.write(value) == str(seconds)


@given(st.integers(43200, MOST), st.integers(1, 999999), st.integers(-720, 720))
def test_a_fraction_and_another_zone(seconds: int, micro: int, minutes: int) -> None:
    text = f"{seconds}.{micro:06}".rstrip("0")
    value = CONVERTER.read(text)
    assert CONVERTER.write(value) == text
    local = f"{str(value)[:-4]}{minutes:+04}"
    assert CONVERTER.write(local) == f"{seconds - minutes * 60}{text[len(str(seconds)):]}"


@pytest.mark.parametrize("text", [
    "", "x", "-1", "1e9", " 1", "1.", str(MOST + 1), "9" * 13, "\u0661"])
def test_what_is_no_second(text: str) -> None:
    assert CONVERTER.read(text) is None


def test_what_is_spelled_as_in_cim() -> None:
    """Documents that this package makes have it so."""
    assert CONVERTER.read("20270102030405.678901+000") == "20270102030405.678901+000"


def test_more_digits_than_cim_has() -> None:
    """They are cut off, so that the text stays in the rest."""
    value = CONVERTER.read("1341933637.273190990")
    assert value == "20120710152037.273190+000" and CONVERTER.write(value) != "1341933637.273190990"


@pytest.mark.parametrize("value", [
    "00000001000000.000000:000", "20121341000000.000000+000", "2012**********.******+000",
    "19691231235959.000000+000"])
def test_what_libvirt_has_no_second_for(value: str) -> None:
    with pytest.raises(Error, match="no counterpart|no point in time"):
        CONVERTER.write(value)
