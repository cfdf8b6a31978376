# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hosts of a configuration as one provider, and where the log goes."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import urllib.parse
from typing import Callable, Optional, Union

from . import provider
from .broker import Broker, Host
from .config import Config, Connection
from .provider import Provider, Served
from .service.subscription import Subscriptions

LOG = logging.getLogger("libvirt_cim")
_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


def broker(config: Config, served: Union[bool, Callable[[], Served]],
           kept: Optional[Subscriptions] = None) -> Broker:
    """The hosts; one that cannot be reached is tried again when it is asked for.

    The first of them says in Interop what the server has, unless `served` is False, and who has
    subscribed.
    """
    first, *others = config.connections
    return Broker([Host(first.namespace, _opener(first, served, kept)),
                   *(Host(each.namespace, _opener(each, False)) for each in others)])


def _opener(
    connection: Connection, served: Union[bool, Callable[[], Served]],
    kept: Optional[Subscriptions] = None,
) -> Callable[[], Provider]:
    uri = connection.uri
    if connection.auth_file:
        mark = "&" if "?" in uri else "?"
        uri += f"{mark}authfile={urllib.parse.quote(connection.auth_file)}"
    return lambda: provider.connect(
        uri, connection.read_only, connection.namespace, served, kept)


def harmless(uri: str) -> bool:
    """Whether a URI is libvirt's test driver inside this process."""
    return uri.startswith("test:///")


def log(config: Config, otherwise: Optional[logging.Handler] = None) -> None:
    """Where the log goes, and how much of it; `otherwise` stands for stderr."""
    handler: logging.Handler
    if config.log_target == "syslog":
        handler = logging.handlers.SysLogHandler("/dev/log")
        handler.setFormatter(logging.Formatter("libvirt-cim[%(process)d]: %(message)s"))
    elif config.log_target == "stderr" and otherwise is not None:
        handler = otherwise
    else:
        handler = logging.StreamHandler(sys.stderr) if config.log_target == "stderr" else \
            logging.handlers.WatchedFileHandler(config.log_target, encoding="utf-8")
        handler.setFormatter(logging.Formatter(_FORMAT))
    LOG.addHandler(handler)
    LOG.setLevel(config.log_level.upper())
