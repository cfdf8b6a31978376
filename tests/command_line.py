# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command for tests: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from libvirt_cim.command import program

TOP = Path(__file__).parent.parent
EXAMPLES = sorted((TOP / "xml/example").glob("*.xml"))


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def run(*arguments: Any, stdin: bytes = b"") -> Ran:
    """Run the command in this process, with neither terminal nor a host by default."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in "12")
    given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    status: Any = 0
    with mock.patch("sys.stdin", given), mock.patch.dict(os.environ), \
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name in ("LIBVIRT_CIM_URI", "LIBVIRT_DEFAULT_URI"):
            os.environ.pop(name, None)
        try:
            program([str(each) for each in arguments], prog_name="libvirt-cim")
        except SystemExit as end:
            status = end.code
    return Ran(status or 0, *(each.buffer.getvalue().decode() for each in (out, err)))


def printed(*arguments: Any, stdin: bytes = b"") -> str:
    """What a command that does not fail prints."""
    ran = run(*arguments, stdin=stdin)
    assert (ran.status, ran.err) == (0, ""), ran
    return ran.out


def refused(*arguments: Any, stdin: bytes = b"") -> str:
    """The one line that a command that fails prints, without its name; nothing else."""
    ran = run(*arguments, stdin=stdin)
    lines = ran.err.splitlines()
    assert (ran.status, ran.out, len(lines)) == (1, "", 1), ran
    assert lines[0].startswith("libvirt-cim: ")
    return lines[0].partition(": ")[2]


def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    path = os.pathsep.join([str(TOP), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "libvirt_cim", *map(str, arguments)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    return subprocess.Popen(command, env=environment, preexec_fn=_interruptible,
                            **{**streams, **options})


def _interruptible() -> None:
    """A shell's background job ignores the interrupt, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
