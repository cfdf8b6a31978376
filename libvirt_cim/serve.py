# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CIM-XML server put together from a configuration: what it refuses to be, and how it ends.

What can change a real host is served to users who say who they are, and in clear text to this
machine only. libvirt's test driver is served to anybody.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import ssl
import sys
import threading
from typing import Optional

from . import hosts
from .adapter import access
from .adapter.access import Access, Users
from .adapter.cimxml_export import Exporter
from .adapter.httpd import Server, tls
from .adapter.wsgi import Application
from .broker import Broker
from .cim import invalid
from .config import Config
from .hosts import harmless
from .provider import Served
from .service.indication import Indications
from .service.store import Store
from .service.subscription import Subscriptions


def refusal(config: Config) -> Optional[str]:
    """Why this may not be served as it is; None if it may."""
    real = [each for each in config.connections if not harmless(each.uri)]
    if not config.connections:
        return "there is no connection: give -c URI, or one in the configuration file"
    if not real:
        return None
    if config.users is None and config.tls_client_ca is None:
        return f"{real[0].uri} is a real host: give --users, or a tls-client-ca"
    if config.tls_cert is None and not loopback(config.listen[0]):
        return (f"{config.listen[0]} can be reached from outside, and {real[0].uri} is a real "
                "host: give --tls-cert and --tls-key")
    return None


def loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server(config: Config) -> Server:
    """The server, not started yet; cim.Error if it may not be, OSError for files it cannot read."""
    why = refusal(config)
    if why is not None:
        raise invalid(why)
    users = None if config.users is None else Users(config.users)
    context = _tls(config)
    closed = users is not None or config.tls_client_ca is not None
    allowed = Access(users, config.roles, None if closed else access.WRITE)
    kept = Subscriptions(Store(config.state) if config.state else None)
    application = Application(broker(config, kept), allowed, config.limits)
    application.indications = Indications(kept, application.broker, Exporter(application.encoder))
    return Server(config.listen, application, config.limits, context)


def _tls(config: Config) -> Optional[ssl.SSLContext]:
    if not config.tls_cert or not config.tls_key:
        return None
    for file in (config.tls_cert, config.tls_key, config.tls_client_ca):
        if file is not None:
            open(file, "rb").close()  # the error tells which
    try:
        return tls(config.tls_cert, config.tls_key, config.tls_client_ca, config.users is None)
    except ssl.SSLError as error:
        what = (error.reason or "no certificate or key").replace("_", " ").lower()
        raise invalid(f"{config.tls_cert}, {config.tls_key}: {what}") from None


def broker(config: Config, kept: Optional[Subscriptions] = None) -> Broker:
    """The hosts, of which Interop says that they are ours, and who has subscribed."""
    def served() -> Served:
        return made.namespaces, {url(config): ways(config)}

    made = hosts.broker(config, served, kept)
    return made


def url(config: Config) -> str:
    """Where the server is reached."""
    host, port = config.listen
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if config.tls_cert else 'http'}://{shown}:{port}"


def ways(config: Config) -> list[str]:
    """How clients may say who they are."""
    found = ["basic"] * (config.users is not None) + ["certificate"] * bool(config.tls_client_ca)
    return found or ["none"]


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; what is being answered then has five seconds to end."""
    made = server(config)
    hosts.log(config)
    made.prepare()
    scheme = "https" if made.ssl_adapter else "http"
    host, port = made.bind_addr
    shown = f"[{host}]" if ":" in host else host
    print(f"libvirt-cim: serving {scheme}://{shown}:{port}", file=sys.stderr, flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    _reach(made.wsgi_app)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            made.serve()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        stopping = threading.Thread(target=made.stop, daemon=True)  # it may wait for a thread
        stopping.start()
        stopping.join(made.shutdown_timeout + 1)
        made.wsgi_app.close()
        _end()


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _reach(application: Application) -> None:
    """Connect in the background, so that the log tells at once who is not there, and watch."""
    def connect() -> None:
        assert application.broker.namespaces
        if application.indications is not None:
            application.indications.refresh()

    threading.Thread(target=connect, daemon=True).start()


def _end() -> None:
    """Do not wait for a thread that waits for libvirt."""
    if any(each is not threading.current_thread() and each.is_alive() and not each.daemon
           for each in threading.enumerate()):
        logging.shutdown()
        sys.stderr.flush()
        os._exit(0)
