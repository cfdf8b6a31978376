# SPDX-License-Identifier: LGPL-2.1-or-later
"""The providers inside a CIM server: what its library imports, put together from a configuration.

What is raised here, the server's clients are told; the next call tries again.
"""

from __future__ import annotations

import logging
import os
import signal  # noqa: F401  (it sets a handler when it is imported, which the library undoes)
from typing import Optional

from . import config as configuration
from . import hosts
from .adapter import access, cmpi_process
from .adapter.access import Access
from .adapter.cmpi import Adapter
from .cim import invalid
from .config import Config, Connection

ROOT = "root"  # who may do all in a server that knows users
_ADAPTER: Optional[Adapter] = None


def plugged(file: str, output: int, address: int) -> None:
    """Begin to answer: write where that is done to an address.

    `file` is the library's own; with `output`, Python is, and what it prints goes into the log.
    """
    global _ADAPTER
    if _ADAPTER is None:
        named = setting(file, "config")
        config = configuration.load(named)
        uri = setting(file, "uri")
        if uri is not None:
            config.connections = [Connection(uri, read_only=config.readonly)]
        if not config.connections:
            where = named or os.environ.get(configuration.VARIABLE) or configuration.FILE
            raise invalid(f"{where} has no connection")
        made = adapter(config, setting(file, "interop"))
        if output:
            cmpi_process.ours()
        hosts.log(config, made.log())
        logging.getLogger("libvirt_cim").propagate = not output
        _ADAPTER = made
    _ADAPTER.plug(address)


def adapter(config: Config, interop: Optional[str] = None) -> Adapter:
    """What answers for the hosts of a configuration; Interop says of the server what that says."""
    return Adapter(hosts.broker(config, served=False), allowed(config), interop)


def allowed(config: Config) -> Access:
    """Who may do what: root all, others what their role says.

    A server that does not know who asks may change test hosts only.
    """
    harmless = all(hosts.harmless(each.uri) for each in config.connections)
    return Access(None, {ROOT: access.WRITE, **config.roles},
                  access.WRITE if harmless else access.READ)


def setting(file: str, name: str) -> Optional[str]:
    """What the library's own file says of something."""
    with open(file, encoding="utf-8") as stream:
        pairs = [line.partition("=") for line in stream]
    return next((value.strip() for key, _, value in pairs if key.strip() == name), None)
