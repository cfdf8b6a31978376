# SPDX-License-Identifier: LGPL-2.1-or-later
"""contrib/fuzz: every target answers what it begins with, and what fuzzing once found, in time."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import targets
from command_line import TOP
from libvirtd import SLOW

from libvirt_cim.cim import Error

KNOWN = targets.targets()
ATHERIS = importlib.util.find_spec("atheris") is not None
FOUND = [
    ("path", b"X.D=1,d=TRUE"),  # a key twice
    ("xml", b"<network><name><x>a</x></name></network>"),  # what is within a name is no name
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


def fuzzed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The fuzzer, which has ended; what it finds it leaves in the folder."""
    return subprocess.run([sys.executable, str(TOP / "contrib/fuzz/fuzz.py"), *arguments],
                          capture_output=True, cwd=folder, timeout=300, encoding="utf-8",
                          errors="replace")


def test_the_fuzzer_begins(tmp_path: Path) -> None:
    """Where atheris is not installed it says so, and that is no failure."""
    done = fuzzed(tmp_path, "path", "corpus", "-runs=10")
    said = "Done 10" if ATHERIS else "atheris is not"
    assert done.returncode == 0 and said in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not SLOW, reason="it takes long: set LIBVIRT_CIM_SLOW=1")
@pytest.mark.skipif(not ATHERIS, reason="atheris is not installed (the extra fuzz)")
@pytest.mark.parametrize("name", KNOWN)
def test_a_short_run(name: str, tmp_path: Path) -> None:
    """The first seconds of each target, always on the same way."""
    done = fuzzed(tmp_path, name, "corpus", "-seed=1", "-max_total_time=10", "-max_len=4096",
                  "-timeout=60")
    found = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()
             and each.suffix != ".words"}
    assert done.returncode == 0 and not found, (found, done.stderr[-3000:])
    assert re.search(r"Done \d{2,} runs", done.stderr)
