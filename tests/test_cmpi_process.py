# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the CMPI adapter does to the process that it is in, where Python is its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MANY = """
import ctypes, sys, threading
from libvirt_cim.adapter import cmpi_process
if sys.argv[2] == "ours":
    cmpi_process.ours()
libc, all_there = ctypes.CDLL(None), threading.Barrier(20)
def thread():
    libc.malloc(100)
    all_there.wait()
threads = [threading.Thread(target=thread) for _ in range(20)]
for each in threads: each.start()
for each in threads: each.join()
libc.fopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, stream)
libc.fclose(stream)
print("nobody sees this")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heaps")
def test_threads_share_heaps(tmp_path: Path) -> None:
    """A server's threads are many, and one at a time runs Python."""
    heaps, printed = {}, {}
    for which in ("ours", "another's"):
        file = tmp_path / which
        printed[which] = subprocess.run([sys.executable, "-c", MANY, str(file), which],
                                        capture_output=True, text=True, check=True).stdout
        heaps[which] = file.read_text("ascii").count("<heap nr=")
    assert heaps["ours"] <= 2 < heaps["another's"]
    assert printed == {"ours": "", "another's": "nobody sees this\n"}
