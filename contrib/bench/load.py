# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the start of a program pays for the package and all tables, in fresh interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from measure import ROOT, Figure, Job, Report, least

BARE, FLOOR = "pass", "import lxml.etree, attrs"
FIGURES = {
    "import the offline conversion": "import libvirt_cim.convert",
    "and load every table": "from libvirt_cim import convert, schema; schema.load('KVM')",
    "and compile every table": "from libvirt_cim import convert, schema; "
                               "list(schema.load('KVM').tables.values())",
    "import the provider": "import libvirt_cim.provider",
}
TARGETS = {"and load every table": 1.0}


def report(seconds: float) -> Report:
    """What each adds to an interpreter that has lxml and attrs, beside what those two add."""
    with tempfile.TemporaryDirectory() as cache:
        texts = {"bare": BARE, "floor": FLOOR, **FIGURES}
        jobs = {name: _interpreter(text, cache) for name, text in texts.items()}
        times = least(jobs, 2 * seconds, time.perf_counter)
    floor = times["floor"] - times["bare"]
    figures = [Figure(name, times[name] - times["floor"], floor, TARGETS.get(name))
               for name in FIGURES]
    return Report("load: a new interpreter; floor: what lxml and attrs add to a bare one", figures)


def _interpreter(text: str, cache: str) -> Job:
    """A program run with a cache of bytecode, as an installed package has it."""
    environment = {name: value for name, value in os.environ.items()
                   if name != "PYTHONDONTWRITEBYTECODE"}
    environment.update(PYTHONPYCACHEPREFIX=cache, PYTHONPATH=str(ROOT))
    command = [sys.executable, "-c", text]
    return lambda: subprocess.run(command, check=True, env=environment)
