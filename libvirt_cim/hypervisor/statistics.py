# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt counts, by its own dotted names: of guests in one bulk call, of the host in three.

What a driver cannot tell has no number.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Callable, Optional

from ..cim import Error, Status
from .connection import Connection
from .error import libvirt, method

Numbers = Mapping[str, Any]
Bulk = tuple[list[tuple[Any, Numbers]], str]  # by guest, and when they were read
_UNABLE = (Status.NOT_SUPPORTED, Status.INVALID_PARAMETER)
# The first part of a name to the end of its VIR_DOMAIN_STATS_, where that is another word.
_GROUPS = {"cpu": "CPU_TOTAL", "net": "INTERFACE"}


class Reading:
    """Numbers, and when they were read: a datetime as CIM spells it."""

    __slots__ = ("numbers", "time")

    def __init__(self, numbers: Numbers, time: str) -> None:
        self.numbers, self.time = numbers, time


def now() -> str:
    """The time, in UTC."""
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime(seconds))}.{microseconds:06}+000"


def of_guests(
    connection: Connection, groups: Iterable[str], handles: Optional[Collection[Any]] = None
) -> Bulk:
    """The statistics of those guests (None: all), in one call.

    A guest that is busy with something else says what it can without being waited for.
    """
    flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    asked = 0
    for group in groups:
        asked |= getattr(libvirt, f"VIR_DOMAIN_STATS_{_GROUPS.get(group, group.upper())}", 0)
    try:
        found = _bulk(connection, asked, handles, flags)
    except Error as error:
        if error.status not in _UNABLE:
            raise
        found = _bulk(connection, asked, handles, 0)
    return found, now()


def _bulk(
    connection: Connection, asked: int, handles: Optional[Collection[Any]], flags: int
) -> list[tuple[Any, Numbers]]:
    found: list[tuple[Any, Numbers]] = connection.ask(lambda virt: (
        method(virt, "getAllDomainStats")(asked, flags) if handles is None
        else method(virt, "domainListGetStats")(list(handles), asked, flags)))
    return found


def of_host(connection: Connection, cells: int) -> Reading:
    """The host's: processors in ns, memory in KiB, and what is free in each NUMA cell in bytes."""
    with connection.use() as virt:
        all_processors, all_cells = -1, -1
        free = _told(connection, virt.getCellsFreeMemory, 0, cells) if cells else ()
        numbers = {
            **_named("cpu", _told(connection, virt.getCPUStats, all_processors, 0)),
            **_named("memory", _told(connection, virt.getMemoryStats, all_cells, 0)),
            **{f"cell.{number}.free": each for number, each in enumerate(free)},
        }
    return Reading(numbers, now())


def _named(group: str, numbers: Any) -> dict[str, Any]:
    return {f"{group}.{name}": number for name, number in dict(numbers).items()}


def _told(connection: Connection, call: Callable[..., Any], *arguments: int) -> Any:
    """What a call gives, nothing where the driver has none."""
    try:
        return connection.call(call, *arguments)
    except Error as error:
        if error.status not in _UNABLE:
            raise
        return ()
