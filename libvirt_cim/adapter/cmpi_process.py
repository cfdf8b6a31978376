# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the adapter does to the process that it is in: little, and where Python is its own more."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import signal
import sys
from collections.abc import Iterator

from .cmpi_log import Output

LOG = logging.getLogger("libvirt_cim.cmpi")
PIPE = frozenset({signal.SIGPIPE})
_ARENA_MAX, HEAPS = -8, 2  # glibc's name of a limit, and ours


def ours() -> None:
    """Have what is printed logged, and few heaps.

    glibc gives threads heaps of their own, eight for each processor: in a server with many threads
    their memory would be much more than what is in use. One thread runs Python at a time.
    """
    sys.stdout, sys.stderr = Output(LOG.info), Output(LOG.warning)
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_ARENA_MAX, HEAPS)


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """No connection that breaks ends the process, and no signal's handler is changed for that.

    A server may leave SIGPIPE as it is, which a write to a libvirtd that has ended raises. Threads
    that begin in here do not get it either.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, PIPE)
    try:
        yield
    finally:
        if signal.SIGPIPE not in before:
            while signal.sigtimedwait(PIPE, 0):
                pass
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
