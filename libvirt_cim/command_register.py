# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command that registers the hosts of a configuration with a CIM server that loads our library.

What is done is the register package's; this module knows the options.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import click

from . import command_serve
from . import config as configuration
from .cim import invalid
from .config import Connection
from .register.plan import FORMS, Plan, plan
from .register.server import Server, server

file_option = click.Path(path_type=Path)


@click.command()
@click.argument("name", metavar="SERVER", type=click.Choice(list(FORMS), case_sensitive=False))
@click.option("--stage", metavar="DIR", type=file_option,
              help="Write the library, the MOF and the registration there, and register nothing.")
@click.option("--replace", is_flag=True,
              help="Put libvirt-cim 0.6's own registration aside; --remove brings it back.")
@click.option("--remove", is_flag=True, help="Undo the registration.")
@click.option("--check", is_flag=True, help="Tell what is wrong with the registration.")
@click.option("--library", metavar="FILE", type=file_option,
              help="Use this library, with its .conf beside it, instead of compiling one.")
@click.option("--interop", metavar="NAMESPACE",
              help="The server's Interop namespace, if it can't be found.")
@click.option("--schema", metavar="DIR", type=file_option,
              help="Where the MOF of the server's own schema is, if it can't be found.")
@click.option("--config", "file", metavar="FILE",
              help="The configuration, /etc/libvirt-cim.conf or $LIBVIRT_CIM_CONF otherwise.")
@click.pass_obj
def register(uri: Optional[str], /, name: str, stage: Optional[Path], **given: Any) -> None:
    """Register with a CIM server: sfcb, pegasus (OpenPegasus) or openwbem.

    It is told the classes of the hosts in the configuration, each connection in its namespace.
    """
    if given["remove"] + given["check"] + given["replace"] + (stage is not None) > 1:
        raise click.UsageError("Give one of --stage, --replace, --remove and --check.")
    if stage is not None:
        from .register import stage as staged

        interop = given["interop"] or FORMS[name].interop
        _tell(staged.write(name, _plan(uri, given["file"], interop), stage, given["library"]))
        return
    there = server(name, given["schema"])
    if given["remove"]:
        _tell(there.remove(given["library"]), "nothing of libvirt-cim's is registered")
        return
    planned = _plan(uri, given["file"], given["interop"] or there.interop)
    if given["check"]:
        _check(there, planned)
    else:
        _tell(there.register(planned, given["library"], given["replace"]))


def _plan(uri: Optional[str], file: Optional[str], interop: str) -> Plan:
    """What is to be told of the configuration's hosts, or of the one that -c names."""
    config = configuration.load(file)
    if uri is not None and (not config.connections or command_serve.asked_for()):
        config.connections = [Connection(uri)]
    return plan(config.connections, interop)


def _tell(lines: list[str], otherwise: str = "it is so already") -> None:
    for line in lines or [otherwise]:
        click.echo(line)


def _check(there: Server, planned: Plan) -> None:
    found = there.check(planned)
    if found:
        raise invalid("\n".join(found))
    click.echo(f"{there.name}: all is in place in {', '.join(planned.namespaces)}")
