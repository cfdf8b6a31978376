# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times and memory of functions that take turns, and the tables they are printed in."""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
GUEST = HERE / "guest.xml"
_BATCH = 0.004  # seconds; shorter functions run several times in one turn, so that caches are warm
Job = Callable[[], Any]
Clock = Callable[[], float]


class Figure(NamedTuple):
    """A line of a table: a time (seconds) or an amount of memory (bytes) beside its floor."""

    name: str
    value: float
    floor: float
    target: Optional[float] = None
    memory: Optional[int] = None
    unit: str = "s"


class Report(NamedTuple):
    """A table: its heading and its lines."""

    heading: str
    figures: Sequence[Figure]


def least(jobs: Mapping[str, Job], seconds: float, clock: Clock = time.process_time
          ) -> dict[str, float]:
    """The least time of each job in seconds; they take turns, three at least, for that long.

    The time is the processor's, so that busy neighbours count less; `clock` may be another one.
    """
    runs = {name: _runs(job, clock) for name, job in jobs.items()}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, job in jobs.items():
            if runs[name] > 1:
                job()  # what ran before it had the caches
            times[name].append(_time(job, runs[name], clock) / runs[name])
    return {name: min(each) for name, each in times.items()}


def _runs(job: Job, clock: Clock) -> int:
    job()
    return max(1, int(_BATCH / max(1e-9, _time(job, 1, clock))))


def _time(job: Job, runs: int, clock: Clock) -> float:
    start = clock()
    for _ in range(runs):
        job()
    return clock() - start


# memory

def traced(job: Job) -> int:
    """The most bytes of Python objects that a job has at once; libxml2's are not counted."""
    job()
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def resident(module: str, function: str, *arguments: Any) -> int:
    """How many bytes a process of its own grows at most by `module.function(*arguments)`.

    That function prepares and gives the job whose growth counts.
    """
    code = (f"import json, measure, {module}\n"
            f"measure.grow({module}.{function}(*json.loads({json.dumps(arguments)!r})))")
    path = f"import sys; sys.path[:0] = [{str(HERE)!r}, {str(ROOT)!r}]\n"
    found = subprocess.run([sys.executable, "-c", path + code], check=True, capture_output=True)
    return int(found.stdout)


def grow(job: Job) -> None:
    """Print by how many bytes this process grows at most while a job runs."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # forget the peak so far
    before = _status("VmRSS")
    job()
    print(max(0, _status("VmHWM") - before))


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


# printing

_WIDTHS = (44, 12, 12, 8, 8, 12)


def table(report: Report) -> str:
    """A report as text, with a mark where a ratio is over its target."""
    titles = _line("figure", "value", "floor", "ratio", "target", "memory")
    lines = [f"\n{report.heading}\n", titles]
    for each in report.figures:
        ratio = each.value / each.floor if each.floor else 0.0
        digits = 2 if ratio > 0.1 else 4
        over = each.target is not None and ratio > each.target
        lines.append(_line(
            each.name, _text(each.value, each.unit), _text(each.floor, each.unit),
            f"{ratio:.{digits}f}" + ("!" if over else " "),
            "" if each.target is None else f"{each.target:.{digits - 1}f}",
            "" if each.memory is None else _text(each.memory, "B"),
        ))
    return "\n".join(lines)


def _line(name: str, *cells: str) -> str:
    return name.ljust(_WIDTHS[0]) + "".join(
        cell.rjust(width) for cell, width in zip(cells, _WIDTHS[1:]))


def _text(value: float, unit: str) -> str:
    if unit == "B":
        return f"{value / 2**20:.1f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"
    return f"{value * 1e6:.0f} us" if value < 0.01 else f"{value * 1e3:.1f} ms"
