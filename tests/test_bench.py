# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark runs and prints ratios; how fast anything is, no test asserts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import libvirtd
import pytest

from libvirt_cim import tree

BENCH = Path(__file__).parent.parent / "contrib/bench"
_AMOUNT = r" +-?[\d.]+ (?:us|ms|KiB|MiB)"  # a difference of two runs on a busy machine is anything
RATIO = re.compile(rf"^\S.*?{_AMOUNT}{_AMOUNT} *-?\d+\.\d\d", re.MULTILINE)


@pytest.mark.parametrize("what, figures", [
    ("convert", 5), ("encode", 4), ("enumerate", 7), ("load", 4), ("server", 3),
    *(pytest.param(what, count, marks=pytest.mark.libvirtd)
      for what, count in (("live", 6), ("live-server", 3))),
])
def test_ratios_are_printed(what: str, figures: int) -> None:
    why = libvirtd.missing() if "live" in what else None
    if why is not None:
        pytest.skip(why)
    command = [sys.executable, str(BENCH / "bench.py"), what, "--guests", "2", "--seconds", "0"]
    result = subprocess.run(command, check=True, capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(BENCH.parent.parent)})
    assert len(RATIO.findall(result.stdout)) == figures, result.stdout


def test_the_guest_has_the_size_that_targets_are_for() -> None:
    text = (BENCH / "guest.xml").read_text("utf-8")
    assert abs(len(text) - 4800) <= 100
    assert abs(sum(1 for _ in tree.parse(text).iter()) - 104) <= 5
