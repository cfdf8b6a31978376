# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command that registers the hosts of a configuration with a CIM server that loads our library.

What is done is the register package's; this module knows the options.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

import click

from . import command_serve
from . import config as configuration
from .cim import invalid
from .config import Connection
from .register import stage as staged
from .register.plan import FORMS, Plan, plan
from .register.server import Server, server

HOST = "qemu:///system"

file_option = click.Path(path_type=Path)


@click.command()
@click.argument("name", metavar="SERVER", type=click.Choice(list(FORMS), case_sensitive=False))
@click.option("--stage", metavar="DIR", type=file_option,
              help="Write the library, the MOF and the registration there, and register nothing.")
@click.option("--replace", is_flag=True,
              help="Put libvirt-cim 0.6's own registration aside; --remove brings it back.")
@click.option("--remove", is_flag=True, help="Undo the registration.")
@click.option("--check", is_flag=True, help="Tell what is wrong with the registration.")
@click.option("--interop", metavar="NAMESPACE",
              help="The server's Interop namespace, if it can't be found.")
@click.option("--schema", metavar="DIR", type=file_option,
              help="Where the MOF of the server's own schema is, if it can't be found.")
@click.option("--config", "file", metavar="FILE", type=command_serve.FILE,
              help="The configuration, /etc/libvirt-cim.conf or $LIBVIRT_CIM_CONF otherwise.")
@click.pass_obj
def register(uri: Optional[str], /, name: str, stage: Optional[Path], **given: Any) -> None:
    """Register with a CIM server: sfcb, pegasus (OpenPegasus) or openwbem.

    It is told the classes of the hosts in the configuration, each connection in its namespace. If
    the configuration has none, the host is the one that -c names, or else qemu:///system.
    """
    if given["remove"] + given["check"] + given["replace"] + (stage is not None) > 1:
        raise click.UsageError("Give one of --stage, --replace, --remove and --check.")
    there = None if stage is not None else server(name, given["schema"])
    if there is not None and given["remove"]:
        _tell(there.remove(), "nothing of libvirt-cim's is registered")
        return
    interop = given["interop"] or (there.interop if there is not None else FORMS[name].interop)
    connections, settings = _hosts(uri, given["file"])
    planned, settings = plan(connections, interop), {"interop": interop, **settings}
    if stage is not None:
        _tell(staged.write(name, planned, stage, settings))
    elif there is not None and given["check"]:
        _check(there, planned, settings)
    elif there is not None:
        _tell(there.register(planned, settings, given["replace"]))


def _hosts(uri: Optional[str], file: Optional[str]) -> tuple[list[Connection], dict[str, str]]:
    """The hosts that are meant, and by what the library finds them when it is loaded."""
    named = file or os.environ.get(configuration.VARIABLE)
    config = configuration.load(named)
    settings = {"config": os.path.abspath(named)} if named else {}
    if config.connections and not command_serve.asked_for():
        return config.connections, settings
    found = Connection(uri or HOST)
    return [found], {**settings, "uri": found.uri}


def _tell(lines: list[str], otherwise: str = "it is so already") -> None:
    for line in lines or [otherwise]:
        click.echo(line)


def _check(there: Server, planned: Plan, settings: dict[str, str]) -> None:
    found = there.check(planned, settings)
    if found:
        raise invalid("\n".join(found))
    click.echo(f"{there.name}: all is in place in {', '.join(planned.namespaces)}")
