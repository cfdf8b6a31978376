# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command: its options, its exit status, and the operations on a host.

What works without a host is in command_offline.py, what is on the model as a whole in
command_host.py. No other module knows that there is a command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Optional

import click

from . import command_host, command_offline, command_register, command_serve, output, shortpath
from .cim import Error, invalid
from .command_host import PATH_HELP, connected, path_argument
from .command_offline import format_option
from .provider import Provider

INTERRUPTED = 130


class Program(click.Group):
    """The one place where an error becomes a line and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads has enough
            _discard_output()
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _complain(error)
            ctx.exit(1)
        else:
            return result


def _complain(error: Exception) -> None:
    """Say what is wrong, each mistake on a line of its own."""
    for line in _text(error).splitlines():
        click.echo(f"libvirt-cim: {line}", err=True)


def _text(error: Exception) -> str:
    if isinstance(error, Error):
        return error.text
    if isinstance(error, OSError) and error.strerror:
        name = os.fsdecode(error.filename) + ": " if error.filename else ""
        return f"{name}{error.strerror}"
    if isinstance(error, RecursionError):
        return "the input is nested too deeply"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" \
        if trace is not None else "?"
    return f"a mistake in libvirt_cim at {place}: {type(error).__name__}: {error}"


def _discard_output() -> None:
    """Nothing more is written, not even when Python ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # it is no file
        pass


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c", "--connect", "uri", metavar="URI",
    envvar=["LIBVIRT_CIM_URI", "LIBVIRT_DEFAULT_URI"], show_envvar=True,
    help="The host: a URI of libvirt, such as qemu:///system or test:///default.",
)
@click.pass_context
def program(ctx: click.Context, uri: Optional[str]) -> None:
    """libvirt's guests and hosts as CIM instances, and CIM instances as libvirt's XML."""
    ctx.obj = uri
    if not sys.stdout.isatty() and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # what a file or pipe gets, we can read again


for each in (*command_offline.COMMANDS, *command_host.COMMANDS, command_serve.serve,
             command_register.register):
    program.add_command(each)


# a host

property_option = click.option(
    "--property", "properties", metavar="NAME", multiple=True,
    help="Read this property only; may be given several times.",
)
role_option = click.option("--role", metavar="NAME", help="What PATH is in the association.")


def _wanted(provider: Provider, properties: Sequence[str]) -> Optional[Sequence[str]]:
    """The property list; None is all. A name that no class has is refused."""
    for name in properties:
        if not provider.schema.spellings(name):
            raise invalid(f"no class has a property {name}")
    return properties or None


def _class(provider: Provider, text: Optional[str]) -> Optional[str]:
    return None if text is None else shortpath.class_name(provider.schema, text)


def _show(provider: Provider, found: Any, format_: str) -> None:
    output.instances(found, format_, provider.schema.resolved, paths=True)


@program.command("enumerate")
@click.argument("class_name", metavar="CLASS")
@property_option
@format_option
@click.pass_obj
def enumerate_(
    uri: Optional[str], class_name: str, properties: Sequence[str], format_: str
) -> None:
    """Print the instances of a class and of those below it.

    UnmappedXML, what no other property says of a guest's XML, comes only if --property names it.
    """
    with connected(uri) as provider:
        name = shortpath.class_name(provider.schema, class_name)
        wanted = _wanted(provider, properties)
        _show(provider, provider.enumerate_instances(name, property_list=wanted), format_)


@program.command()
@click.argument("class_name", metavar="CLASS")
@click.pass_obj
def names(uri: Optional[str], class_name: str) -> None:
    """Print the paths of the instances of a class and of those below it."""
    with connected(uri) as provider:
        name = shortpath.class_name(provider.schema, class_name)
        output.names(provider.enumerate_instance_names(name))


@program.command(epilog=PATH_HELP)
@path_argument
@property_option
@format_option
@click.pass_obj
def get(uri: Optional[str], path: str, properties: Sequence[str], format_: str) -> None:
    """Print one instance."""
    with connected(uri) as provider:
        wanted = _wanted(provider, properties)
        found = provider.get_instance(shortpath.resolve(provider, path), property_list=wanted)
        _show(provider, [found], format_)


QUERY_HELP = """In WQL, LIKE has the wildcards % and _, and '2' may stand for 2. In DMTF:CQL it has
regular expressions. Texts are compared as they are, upper and lower case apart:
SELECT * FROM CIM_ComputerSystem WHERE EnabledState=2 AND Name>='web'"""


@program.command(epilog=QUERY_HELP)
@click.argument("query_", metavar="QUERY")
@click.option("--language", metavar="NAME", default="WQL", show_default=True,
              help="WQL or DMTF:CQL.")
@format_option
@click.pass_obj
def query(uri: Optional[str], query_: str, language: str, format_: str) -> None:
    """Print the instances that fit a query: SELECT … FROM CLASS WHERE …"""
    with connected(uri) as provider:
        _show(provider, provider.exec_query(language, query_), format_)


def filters(command: Any) -> Any:
    """The options that say which associations are followed, and to what."""
    for option in (
        click.option("--result-role", metavar="NAME", help="What the others are in it."),
        role_option,
        click.option("--result-class", metavar="CLASS", help="Only instances of this class."),
        click.option("--assoc-class", metavar="CLASS", help="Only by these associations."),
        path_argument,
    ):
        command = option(command)
    return command


def _filters(provider: Provider, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a command as arguments of an operation."""
    return {name: _class(provider, text) if name.endswith("_class") else text
            for name, text in given.items()}


@program.command(epilog=PATH_HELP)
@filters
@property_option
@format_option
@click.pass_obj
def associators(
    uri: Optional[str], /, path: str, properties: Sequence[str], format_: str, **given: Any
) -> None:
    """Print the instances that associations lead to, from an instance."""
    with connected(uri) as provider:
        wanted, start = _wanted(provider, properties), shortpath.resolve(provider, path)
        found = provider.associators(start, property_list=wanted, **_filters(provider, given))
        _show(provider, found, format_)


@program.command("associator-names", epilog=PATH_HELP)
@filters
@click.pass_obj
def associator_names(uri: Optional[str], /, path: str, **given: Any) -> None:
    """Print the paths of the instances that associations lead to, from an instance."""
    with connected(uri) as provider:
        start = shortpath.resolve(provider, path)
        output.names(provider.associator_names(start, **_filters(provider, given)))


reference_class_option = click.option(
    "--result-class", metavar="CLASS", help="Only associations of this class."
)


@program.command(epilog=PATH_HELP)
@path_argument
@reference_class_option
@role_option
@property_option
@format_option
@click.pass_obj
def references(
    uri: Optional[str], /, path: str, properties: Sequence[str], format_: str, **given: Any
) -> None:
    """Print the associations that an instance is in."""
    with connected(uri) as provider:
        wanted, start = _wanted(provider, properties), shortpath.resolve(provider, path)
        found = provider.references(start, property_list=wanted, **_filters(provider, given))
        _show(provider, found, format_)


@program.command("reference-names", epilog=PATH_HELP)
@path_argument
@reference_class_option
@role_option
@click.pass_obj
def reference_names(uri: Optional[str], /, path: str, **given: Any) -> None:
    """Print the paths of the associations that an instance is in."""
    with connected(uri) as provider:
        start = shortpath.resolve(provider, path)
        output.names(provider.reference_names(start, **_filters(provider, given)))
