# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt gives as numbers or names, as documents. Makes elements and calls nothing.

    <info active='yes'>                        <node>
      <name/> <uuid/>                            <name/> <model/> <memory unit='KiB'/>
      <state/> <reason/>                         <vcpu/> <mhz/> <nodes/> <sockets/>
      <persistent/> <autostart/> <managedsave/>  <cores/> <threads/>
      <maxMemory unit='KiB'/> <memory unit='KiB'/>     and if asked for by name
      <vcpus/> <cputime unit='ns'/>              <type/> <version/> <libversion/>
                                                 <maxVcpus/>

An <info> of a pool or network has <name/> <uuid/> <active/> <persistent/> <autostart/>, of a pool
<state/> too. In <node>, what guests draw on is named after the guest's element: <vcpu> is the
host's processors. xml/skeleton/node.xml has what is there on every host: the other pools, and the
services.

Statistics have libvirt's dotted names, and their documents follow them: block.0.rd.bytes is
<block id='0'><rd bytes=''/></block>. A number tells one element of a name from the next, the last
part is an attribute. <stats> is a guest's, <node> the host's; time is when they were read. So is
<guest>, what a guest's agent says of it.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from lxml import etree

from .. import resource, tree
from ..tree import Element

# virDomainState, and each state's reasons as libvirt's constants have them, both by number.
STATES = ("nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed",
          "pmsuspended")
REASONS: Mapping[str, Sequence[str]] = {
    "nostate": ("unknown",),
    "running": ("unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused",
                "migration-canceled", "save-canceled", "wakeup", "crashed", "postcopy",
                "postcopy-failed"),
    "blocked": ("unknown",),
    "paused": ("unknown", "user", "migration", "save", "dump", "ioerror", "watchdog",
               "from-snapshot", "shutting-down", "snapshot", "crashed", "starting-up", "postcopy",
               "postcopy-failed", "api-error"),
    "shutdown": ("unknown", "user"),
    "shutoff": ("unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed",
                "from-snapshot", "daemon"),
    "crashed": ("unknown", "panicked"),
    "pmsuspended": ("unknown",),
}
POOL_STATES = ("inactive", "building", "running", "degraded", "inaccessible")
SAVED = "saved"  # no virDomainState: off, with a managed save image
INFO = ("name", "uuid", "state", "reason", "persistent", "autostart", "managedsave", "maxMemory",
        "memory", "vcpus", "cputime")
THING = ("name", "uuid", "active", "persistent", "autostart", "state")
NODE = ("name", "model", "memory", "vcpu", "mhz", "nodes", "sockets", "cores", "threads")
VERSIONS = ("type", "version", "libversion")  # of a host; who wants all leaves gets these not
LIMIT = "maxVcpus"  # of a guest on that host; this neither
UNITS = {"maxMemory": "KiB", "memory": "KiB", "cputime": "ns"}
Texts = dict[str, Optional[str]]


def stub(tag: str, texts: Mapping[str, str]) -> Element:
    """A document of which only what a listing says is there: leaves, and attributes (`@pool`)."""
    root = etree.Element(tag)
    for name, text in texts.items():
        if name.startswith("@"):
            root.set(name[1:], text)
        else:
            etree.SubElement(root, name).text = text
    return root


def info(active: bool) -> Element:
    """The <info> of a guest, without leaves yet."""
    return etree.Element("info", active=yes(active))


def node() -> Element:
    """The <node> of a host: what every host has, without leaves yet."""
    return copy.deepcopy(_skeleton())


@functools.cache
def _skeleton() -> Element:
    return tree.parse(resource.text("xml/skeleton/node.xml"))


def server(version: str, system: str, namespaces: Sequence[str],
           mechanisms: Mapping[str, Sequence[str]], parts: Sequence[Element] = ()) -> Element:
    """The <server> that answers on a host: its namespaces, and by URL how clients say who they are.

    They are `none`, `basic`, `digest`, `certificate`. `parts` are what else it has.
    """
    root: Element = copy.deepcopy(tree.parse(resource.text("xml/skeleton/server.xml")))
    texts = [("version", version), ("system", system), *(("namespace", n) for n in namespaces)]
    for name, text in texts:
        etree.SubElement(root, name).text = text
    for url, ways in mechanisms.items():
        mechanism = etree.SubElement(root, "mechanism", url=url)
        for way in ways:
            etree.SubElement(mechanism, "authentication").text = way
    root.extend(parts)
    return root


def extend(root: Element, texts: Mapping[str, Optional[str]]) -> bool:
    """Add leaves, and say if there were any; what libvirt does not tell (None) is absent."""
    told = {name: text for name, text in texts.items() if text is not None}
    for name, text in told.items():
        leaf = etree.SubElement(root, name)
        leaf.text = text
        if name in UNITS:
            leaf.set("unit", UNITS[name])
    return bool(told)


def stats(tag: str, texts: Mapping[str, str], numbers: Mapping[str, Any]) -> Element:
    """The document of statistics by their dotted names, with the texts that `stub` takes."""
    root = stub(tag, texts)
    made: dict[tuple[str, ...], Element] = {(): root}
    for name, number in numbers.items():
        *steps, leaf = name.split(".")
        element = _place(made, tuple(steps))
        element.set(leaf, yes(number) if isinstance(number, bool) else str(number))
    return root


def _place(made: dict[tuple[str, ...], Element], steps: tuple[str, ...]) -> Element:
    """The element of the first parts of a dotted name, made where it is missing."""
    if steps not in made:
        above = 2 if len(steps) > 1 and steps[-1].isdigit() else 1
        element = etree.SubElement(_place(made, steps[:-above]), steps[-above])
        if above == 2:
            element.set("id", steps[-1])
        made[steps] = element
    return made[steps]


def yes(value: Any) -> str:
    """libvirt's word for a truth."""
    return "yes" if value else "no"


def state(number: int, reason: int) -> Texts:
    """The leaves that virDomainGetState gives; numbers we don't know are nostate and unknown."""
    name = state_word(number)
    reasons = REASONS[name]
    return {"state": name, "reason": reasons[reason] if 0 <= reason < len(reasons) else reasons[0]}


def state_word(number: int) -> str:
    """The word for a virDomainState."""
    return STATES[number] if 0 <= number < len(STATES) else STATES[0]


def pool_state(number: int) -> Optional[str]:
    """The word for a virStoragePoolState; None for a number we don't know."""
    return POOL_STATES[number] if 0 <= number < len(POOL_STATES) else None


def usage(numbers: Sequence[int]) -> Texts:
    """The leaves that virDomainGetInfo gives: state, two memory sizes, processors, time."""
    names = ("maxMemory", "memory", "vcpus", "cputime")
    return {name: str(number) for name, number in zip(names, numbers[1:])}


def versions(type_: str, hypervisor: Optional[int], library: int) -> Texts:
    """The leaves that say what runs the guests, as virConnectGetType and …Version tell."""
    return {"type": type_, "version": None if hypervisor is None else version(hypervisor),
            "libversion": version(library)}


def version(number: int) -> str:
    """libvirt's number of a version, 1,000,000 * major + 1,000 * minor + release, in words."""
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


def node_numbers(numbers: Sequence[Any]) -> Texts:
    """The leaves that virNodeGetInfo gives; libvirt-python rounds its memory down to MiB."""
    texts: Texts = {name: str(number) for name, number in zip(NODE[1:], numbers)}
    texts["memory"] = str(int(numbers[1]) * 1024)
    return texts
