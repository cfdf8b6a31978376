# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands on the model of a host as a whole, and what all commands on a host share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import click

from . import conformance, output, shortpath
from .argument import arguments
from .cim import Error, Status
from .provider import Provider

PATH_HELP = """PATH is an object path such as
root/virt:KVM_ComputerSystem.CreationClassName="KVM_ComputerSystem",Name="web1". The namespace, the
prefix, quotes and any keys may be left out as long as one instance is meant:
ComputerSystem.Name=web1."""

path_argument = click.argument("path", metavar="PATH")


def connected(uri: Optional[str], read_only: bool = True) -> Provider:
    """The provider of the host that -c names."""
    if not uri:
        raise click.UsageError("Which host? Give -c URI, or set LIBVIRT_CIM_URI.")
    from .provider import connect

    return connect(uri, read_only)


@click.command(epilog=PATH_HELP)
@path_argument
@click.argument("method", metavar="METHOD")
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1)
@click.pass_obj
def invoke(uri: Optional[str], path: str, method: str, values: Sequence[str]) -> None:
    """Call a method of an instance, and print what it returns.

    An array's NAME is given once for each of its values. An embedded instance is JSON, as the
    other commands print it.
    """
    with connected(uri, read_only=False) as provider:
        start = shortpath.resolve(provider, path)
        given = arguments(provider, start.class_name, method, values)
        returned, out = provider.invoke_method(start, method, given)
        output.values({"ReturnValue": returned, **out})


@click.command()
@click.pass_obj
def profiles(uri: Optional[str]) -> None:
    """Hold a host's model against what the profiles ask for.

    Exit status 1 if something that is mandatory is missing. The evidence is S for what was read in
    DMTF's schema, C in source code, M for what is known from memory.
    """
    with connected(uri) as provider:
        found = list(conformance.findings(provider))
    for each in found:
        asked = each.requirement
        output.write(f"{'' if each.met else 'not '}met: {asked.profile}: {asked.class_name} "
                     f"({asked.level}, {asked.evidence}): {each.number}\n")
        for text in each.wrong:
            output.write(f"    {text}\n")
    missing = sum(not each.met for each in found)
    if missing:
        raise Error(Status.FAILED, f"{missing} of {len(found)} requirements are not met")


COMMANDS = (invoke, profiles)
