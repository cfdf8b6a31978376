# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that need no host: conversion, and what the tables say and are.

They read and write files and leave the rest to others; libvirt is not loaded.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Optional

import click

from . import command_serve, convert, layout, mof, output, published, resource, shortpath
from .adapter import cimxml, json
from .adapter import mof as instance_mof
from .cim import Class, Error, Instance, QualifierType, invalid
from .command_serve import FILE
from .model import GENERIC
from .mof import Declaration
from .schema import Schema, declarations, load
from .whole import Whole

PREFIXES = (GENERIC, *dict.fromkeys(convert.PREFIXES.values()))
_MARKS = b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n"  # what may stand before the first character
_UNSAFE = re.compile(r'^\.|[\x00-\x1f\x7f/\\%:*?"<>|]')

format_option = click.option(
    "--format", "format_", type=click.Choice(output.FORMATS, case_sensitive=False), default="mof",
    show_default=True, help="How instances are written.",
)
prefix_choice = click.Choice(PREFIXES, case_sensitive=False)


def read(name: str) -> bytes:
    """What is in a file, or on standard input (-)."""
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def resolved(class_name: str) -> Class:
    """A class, of whatever hypervisor."""
    return shortpath.schema_of(class_name).resolved(class_name)


def followed(names: Sequence[str]) -> Iterable[str]:
    """The names one by one; where it takes long and a terminal would see it, with progress."""
    if len(names) < 20 or sys.stdout.isatty() or not sys.stderr.isatty():
        return names
    from rich.console import Console
    from rich.progress import track

    return track(names, "converting", console=Console(stderr=True), transient=True)


# conversion

@click.command("to-cim")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@format_option
@click.option("--associations", is_flag=True, help="Also print the associations.")
@click.option("--prefix", type=prefix_choice,
              help="Begin class names with this, whatever hypervisor the document names.")
def to_cim(
    files: Sequence[str], format_: str, associations: bool, prefix: Optional[str]
) -> None:
    """Print the CIM instances of libvirt's documents; - is standard input.

    What tables stand on is taken: guests, networks, storage pools and volumes, network filters,
    snapshots and checkpoints.
    """
    found = (each for name in followed(files)
             for each in convert.to_cim(read(name), prefix, associations, name))
    output.instances(found, format_, resolved)


@click.command("to-xml")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--output-dir", metavar="DIR", type=FILE,
              help="Write a file for each document into this directory, made if it is missing.")
def to_xml(files: Sequence[str], output_dir: Optional[str]) -> None:
    """Print the libvirt document whose settings are in files of instances.

    A guest, a network, a storage pool, …: whatever to-cim takes. All but settings is ignored.
    MOF, CIM-XML and JSON are told apart by what is in the file; - is standard input.
    """
    found = [each for name in followed(files) for each in _instances(read(name), name)]
    made = list(convert.documents(found))
    if output_dir is not None:
        names = file_names([whole for whole, _ in made])
        os.makedirs(output_dir, exist_ok=True)
        for name, (_, text) in zip(names, made):
            with open(os.path.join(output_dir, name), "w", encoding="utf-8") as file:
                file.write(text)
        return
    if len(made) > 1:
        several = ", ".join(str(whole) for whole, _ in made)
        raise invalid(f"these are {len(made)} documents ({several}): give --output-dir")
    output.write(made[0][1])


def _instances(data: bytes, name: str) -> list[Instance]:
    """The instances of a file, in whatever format."""
    first = data.lstrip(_MARKS)[:1]
    if first == b"<":
        return cimxml.instances(data, name)
    if first in (b"[", b"{"):
        return json.decode(data, name)
    return instance_mof.decode(_text(data, name), name, resolved)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid(f"{name}: the text is not UTF-8") from None


def file_names(wholes: Sequence[Whole]) -> list[str]:
    """A file for each document: its name, and what it is where several have that name."""
    several = Counter(each.name for each in wholes)
    found = [file_name(each.name if several[each.name] == 1 else f"{each.name}.{each.tag}")
             for each in wholes]
    for name, number in Counter(found).items():
        if number > 1:
            raise invalid(f"{number} documents would be {name}")
    return found


def file_name(name: str) -> str:
    """The name of a document's file: what a file system might take amiss is %XX."""
    def escaped(match: re.Match[str]) -> str:
        return f"%{ord(match[0]):02X}"

    return _UNSAFE.sub(escaped, name) + ".xml"


# the tables

@click.command("mof")
@click.option("--prefix", type=prefix_choice, default=GENERIC, show_default=True,
              help="The hypervisor's prefix.")
@click.option("--cim", is_flag=True, help="Also print DMTF's qualifiers and classes below ours.")
def mof_(prefix: str, cim: bool) -> None:
    """Print the MOF that a CIM server loads."""
    schema = load(prefix)
    before = "" if cim else "; DMTF's schema goes before it"
    output.write(f"// The classes of libvirt-cim with the prefix {prefix}{before}.\n")
    for declaration in published.qualifier_types(schema, cim):
        output.write(instance_mof.qualifier_type(declaration))
    for class_ in published.classes(schema, cim):
        output.write("\n" + instance_mof.class_(class_))


@click.command()
@click.argument("name", metavar="CLASS[.PROPERTY]")
def explain(name: str) -> None:
    """Print where the values of a class or property come from."""
    from .explain import explain as page

    class_name, dot, property_name = name.partition(".")
    schema = shortpath.schema_of(class_name)
    found = shortpath.class_name(schema, class_name)
    output.page(page(schema, found, property_name if dot else None))


@click.command()
@click.argument("files", metavar="[FILE...]", type=FILE, nargs=-1)
@click.option("--format", "format_", is_flag=True, help="Check how the tables are laid out, too.")
@click.option("--coverage", is_flag=True,
              help="The files that are not *.mof are libvirt's documents: count what is mapped.")
@click.option("--config", metavar="FILE", type=FILE,
              help="Check a configuration file, and no tables.")
def check(files: Sequence[str], format_: bool, coverage: bool, config: Optional[str]) -> None:
    """Find the mistakes in the tables, or in the package's with those of MOF files.

    A class of a file takes the place of the package's class of that name.
    """
    if config is not None:
        command_serve.check_file(config)
        return
    documents = [name for name in files if coverage and not name.endswith(".mof")]
    if coverage and not documents:
        raise click.UsageError("--coverage needs the documents to look at.")
    tables = [(name, _text(read(name), name)) for name in files if name not in documents]
    found = [*_table_mistakes(tables)]
    if format_:
        for name, text in tables or resource.texts("mappings"):
            found += layout.mistakes(text, name)
    if found:
        raise invalid("\n".join(found))
    if coverage:
        _show_coverage(documents)


def _table_mistakes(tables: Iterable[tuple[str, str]]) -> list[str]:
    """The mistakes in the package's tables together with others."""
    given: list[Declaration] = []
    found: list[str] = []
    for name, text in tables:
        try:
            given += mof.read(text, name)
        except Error as error:
            found.append(error.text)
    if found:
        return found
    names = {_name(each) for each in given}
    everything = [*(each for each in declarations() if _name(each) not in names), *given]
    try:
        Schema(everything)
    except Error as error:
        return error.text.splitlines()
    return []


def _name(declaration: Declaration) -> tuple[Any, ...]:
    """What a declaration is of, in any case; an instance is of nothing that has a name."""
    if isinstance(declaration, (Class, QualifierType)):
        return isinstance(declaration, Class), declaration.name.lower()
    return (id(declaration),)


def _show_coverage(documents: Sequence[str]) -> None:
    from .coverage import coverage

    found = coverage((name, read(name)) for name in documents)
    output.write("mapped    rest\n")
    for leaf in found:
        output.write(f"{leaf.mapped:6}  {leaf.rest:6}  {leaf.path}\n")
    mapped, rest = sum(leaf.mapped for leaf in found), sum(leaf.rest for leaf in found)
    output.write(f"{mapped:6}  {rest:6}  in all\n")


COMMANDS: tuple[click.Command, ...] = (to_cim, to_xml, mof_, explain, check)
