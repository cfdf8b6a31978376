# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other programs that are clients: where they are, and what says that a test needs one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "contrib" / "examples"
WBEMCLI = shutil.which("wbemcli")
PYWBEMCLI = os.environ.get("LIBVIRT_CIM_PYWBEMCLI") or shutil.which("pywbemcli")
JAVA = shutil.which("java")
JAVA_CLASSES = os.environ.get("LIBVIRT_CIM_JAVA_CLASSPATH")

needs_wbemcli = pytest.mark.skipif(
    not WBEMCLI, reason="Debian's sblim-wbemcli is not installed")
needs_pywbemcli = pytest.mark.skipif(
    not PYWBEMCLI, reason="pywbemcli is not installed ($LIBVIRT_CIM_PYWBEMCLI)")
needs_java = pytest.mark.skipif(
    not (JAVA and JAVA_CLASSES),
    reason="no java, or $LIBVIRT_CIM_JAVA_CLASSPATH does not name wbem-java's classes")


def done(*command: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program that has ended."""
    return subprocess.run([str(each) for each in command], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "PYTHONUTF8": "1", **environment})


def ran(*command: Any, **environment: str) -> str:
    """What a program prints that has nothing to complain of."""
    found = done(*command, **environment)
    assert (found.returncode, found.stderr) == (0, ""), found
    return found.stdout


def java(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """The example in Java that has ended; the last arguments are a URL, a name and a password."""
    *options, url, user, password = arguments
    return done(JAVA, *options, "-cp", JAVA_CLASSES, EXAMPLES / "Inventory.java", url, user,
                password, LC_ALL="C.UTF-8")
