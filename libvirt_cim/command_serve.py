# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command that serves hosts to CIM clients, and the options that go before a file's."""

from __future__ import annotations

import os
from typing import Optional

import attrs
import click

from . import config as configuration
from .cim import Error, invalid
from .config import Config, Connection

FILE = click.Path(readable=False)  # for shells to complete; whoever opens it says what is wrong
OPTIONS = ("tls_cert", "tls_key", "tls_client_ca", "users")


def _address(ctx: click.Context, parameter: click.Parameter, text: Optional[str]) -> object:
    if text is None:
        return None
    try:
        return configuration.address(text)
    except Error as error:
        raise click.BadParameter(error.text) from None


@click.command()
@click.option("--listen", metavar="HOST:PORT", callback=_address,
              help="Where to listen, 127.0.0.1:5988 if nothing says otherwise.")
@click.option("--tls-cert", metavar="FILE", type=FILE,
              help="The server's certificate, and what it stands on.")
@click.option("--tls-key", metavar="FILE", type=FILE, help="Its key.")
@click.option("--tls-client-ca", metavar="FILE", type=FILE,
              help="Whose certificates make a client known; their name is his.")
@click.option("--users", metavar="FILE", type=FILE,
              help="Names and passwords, as htpasswd -B writes them.")
@click.option("--state", metavar="FILE", type=FILE,
              help="Where subscriptions are kept; without, they end with the server.")
@click.option("--config", "file", metavar="FILE", type=FILE,
              help="The configuration, /etc/libvirt-cim.conf or $LIBVIRT_CIM_CONF otherwise.")
@click.pass_obj
def serve(uri: Optional[str], /, file: Optional[str], listen: Optional[tuple[str, int]],
          **given: Optional[str]) -> None:
    """Serve CIM-XML over HTTP until SIGTERM.

    Anybody may ask for what libvirt's test driver has. A real host needs --users or client
    certificates, and TLS where others than this machine can reach it.
    """
    try:
        from .serve import run
    except ImportError as error:
        raise invalid(
            f"{error}; pip install 'libvirt-cim[server]' has all it needs") from None
    run(_chosen(configuration.load(file), uri, listen, given))


def _chosen(config: Config, uri: Optional[str], listen: Optional[tuple[str, int]],
            given: dict[str, Optional[str]]) -> Config:
    """The configuration with what the command line says instead."""
    changes = {name: os.path.abspath(text) for name, text in given.items() if text}
    changed = attrs.evolve(config, **changes)  # type: ignore[arg-type]
    if uri is not None and (not config.connections or asked_for()):
        changed.connections = [Connection(uri, read_only=config.readonly)]
    if listen is not None:
        changed.listen = listen
    if (changed.tls_cert is None) != (changed.tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    return changed


def asked_for() -> bool:
    """Whether -c was given on the command line itself, and not by the environment."""
    parent = click.get_current_context().parent
    source = parent.get_parameter_source("uri") if parent is not None else None
    return source is click.core.ParameterSource.COMMANDLINE


def check_file(file: str) -> None:
    """Tell what has no effect, then raise all mistakes of a configuration file at once."""
    found = configuration.read(file)
    for line in found.notes:
        click.echo(line)
    mistakes = [*found.mistakes, *_users(found)]
    if mistakes:
        raise invalid("\n".join(mistakes))


def _users(config: Config) -> list[str]:
    """What is wrong with the files that a configuration names."""
    from .adapter.access import mistakes

    found = []
    for name in OPTIONS:
        file = getattr(config, name)
        if file is None:
            continue
        try:
            with open(file, encoding="utf-8", errors="replace") as stream:
                text = stream.read()
        except OSError as error:
            found.append(f"{file}: {error.strerror}")
            continue
        if name == "users":
            found += mistakes(file, text)
    return found
