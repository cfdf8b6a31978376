# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who asks: the name that a server has authenticated, for the thread that answers it.

A log says it, and a connection hands it to libvirt. None: nobody in particular, the process itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Optional

_PRINCIPAL: ContextVar[Optional[str]] = ContextVar("principal", default=None)


def current() -> Optional[str]:
    """The name of who asks."""
    return _PRINCIPAL.get()


@contextmanager
def acting(name: Optional[str]) -> Iterator[None]:
    """What is done inside is done for that name."""
    token = _PRINCIPAL.set(name)
    try:
        yield
    finally:
        _PRINCIPAL.reset(token)
