# SPDX-License-Identifier: LGPL-2.1-or-later
"""contrib/fuzz: every target answers what it begins with, and what fuzzing once found, in time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import targets
from command_line import TOP

from libvirt_cim.cim import Error

KNOWN = targets.targets()
FOUND = [
    ("path", b"X.D=1,d=TRUE"),  # a key twice
]


def cases() -> Iterator[tuple[str, bytes]]:
    """Each target with what it begins with, an empty input, and what was found."""
    for name, target in KNOWN.items():
        yield from ((name, each) for each in (*target.seeds, b"", b"\xff\x00"))
    yield from FOUND


@pytest.mark.parametrize(("name", "data"), list(cases()))
def test_what_was_found(name: str, data: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(Error):
        KNOWN[name].run(data)
    assert time.process_time() - begun < targets.SECONDS


def test_the_fuzzer_begins() -> None:
    """Where atheris is not installed it says so, and that is no failure."""
    command = [sys.executable, str(TOP / "contrib/fuzz/fuzz.py"), "path", "-runs=10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and ("atheris is not" in done.stderr or "Done 10" in done.stderr)
