# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host and what it has besides guests: pools, volumes, networks, interfaces, devices, filters.

As one request sees them: each kind listed once, each thing looked up once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Callable, Optional, TypeVar

from .. import tree
from ..cim import Error, Status
from ..ground import ROOTS
from ..tree import Element
from . import document, statistics
from .connection import Connection
from .document import Texts
from .error import Libvirt, libvirt

T = TypeVar("T")
POOL, VOLUME = "PoolXML", "VolumeXML"
# A kind: the call that lists it, those that look one up by name and by uuid.
_CALLS: Mapping[str, tuple[str, str, str]] = {
    POOL: ("listAllStoragePools", "storagePoolLookupByName", "storagePoolLookupByUUIDString"),
    "NetworkXML": ("listAllNetworks", "networkLookupByName", "networkLookupByUUIDString"),
    "InterfaceXML": ("listAllInterfaces", "interfaceLookupByName", ""),
    "NodeDeviceXML": ("listAllDevices", "nodeDeviceLookupByName", ""),
    "FilterXML": ("listAllNWFilters", "nwfilterLookupByName", "nwfilterLookupByUUIDString"),
}
# What is said outside their documents: the flags that list those of which a leaf is yes, and the
# calls that ask one of them.
INFO: Mapping[str, str] = {"PoolInfo": POOL, "NetworkInfo": "NetworkXML"}
_FLAGS = {POOL: "VIR_CONNECT_LIST_STORAGE_POOLS_", "NetworkXML": "VIR_CONNECT_LIST_NETWORKS_"}
_ASK = {"active": "isActive", "persistent": "isPersistent", "autostart": "autostart"}
NAMES = {"FilterXML": "@name"}  # where the name is in a document, if it is not in <name>
_VOLUME_CALLS = {"target/path": "storageVolLookupByPath", "key": "storageVolLookupByKey"}
_NONE = (Status.NOT_FOUND, Status.INVALID_PARAMETER, Status.NOT_SUPPORTED)
Found = tuple[str, str, str]  # kind, what it was looked up by, the text


class Thing:
    """A pool, volume, network, …: its handle, and the leaves of its document that need no call."""

    __slots__ = ("kind", "handle", "listed", "texts", "told")

    def __init__(self, kind: str, handle: Any, pool: str = "", listed: bool = False) -> None:
        self.kind, self.handle, self.listed = kind, handle, listed
        self.told: Texts = {}
        self.texts: dict[str, str] = {NAMES.get(kind, "name"): handle.name()}
        if kind == VOLUME:
            self.texts.update({"key": handle.key(), "@pool": pool})
        elif _CALLS[kind][2]:
            self.texts["uuid"] = handle.UUIDString()

    @property
    def key(self) -> Found:
        """What tells it from all others of the connection."""
        what = "key" if self.kind == VOLUME else NAMES.get(self.kind, "name")
        return self.kind, what, self.texts[what]

    def stub(self) -> Element:
        """Its document with the leaves that need no call."""
        return document.stub(ROOTS[self.kind], self.texts)


class Node:
    """The host of a connection, and what it has; each found once until it is forgotten."""

    kinds = (*_CALLS, VOLUME)
    infos = tuple(INFO)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._found: dict[Found, Optional[Thing]] = {}
        self._all: dict[str, list[Thing]] = {}
        self._listings: dict[tuple[str, str], Optional[frozenset[str]]] = {}
        self._texts: Texts = {}

    def texts(self, names: Collection[str]) -> Texts:
        """Those leaves of its <node>; the name is one call, the numbers another."""
        for name in names:
            if name in self._texts:
                continue
            if name == "name":
                self._texts[name] = self.connection.hostname
            elif name in document.NODE:
                self._texts.update(self._numbers())
            elif name in document.VERSIONS:
                self._texts.update(self._versions())
            elif name == document.LIMIT:
                found = self._calling(lambda virt: virt.getMaxVcpus(None), None)
                self._texts[name] = None if found is None else str(found)
        return {name: self._texts.get(name) for name in names}

    def _numbers(self) -> Texts:
        try:
            return document.node_numbers(self.connection.ask(lambda virt: virt.getInfo()))
        except Error as error:
            if error.status != Status.NOT_SUPPORTED:
                raise
            return dict.fromkeys(document.NODE[1:])

    def statistics(self) -> Element:
        """What it counts, as it is now."""
        cells = int(self.texts(("nodes",))["nodes"] or 0)
        found = statistics.of_host(self.connection, cells)
        texts = {"name": self.connection.hostname, "@time": found.time}
        return document.stats(ROOTS["NodeStats"], texts, found.numbers)

    def _versions(self) -> Texts:
        library = self.connection.ask(lambda virt: virt.getLibVersion())
        hypervisor = self._calling(lambda virt: virt.getVersion(), None)
        return document.versions(self.connection.type, hypervisor, library)

    def capabilities(self) -> Element:
        """What virConnectGetCapabilities says."""
        return tree.fast_parse(self.connection.ask(lambda virt: virt.getCapabilities()))

    def domain_capabilities(self) -> Element:
        """What virConnectGetDomainCapabilities says of guests of which nothing else is said.

        It is as if there were none on a connection that only reads: that may not ask.
        """
        try:
            text = self.connection.ask(lambda virt: virt.getDomainCapabilities())
        except Error as error:
            if error.status != Status.ACCESS_DENIED:
                raise
            raise Error(Status.NOT_SUPPORTED, error.text) from None
        return tree.fast_parse(text)

    def pool_capabilities(self) -> Element:
        """Of which types storage pools can be."""
        return tree.fast_parse(self.connection.ask(lambda virt: virt.getStoragePoolCapabilities()))

    def xml(self, thing: Thing) -> Element:
        """The document of a thing; a volume's says its pool."""
        root = tree.fast_parse(self.connection.call(thing.handle.XMLDesc, 0))
        if thing.kind == VOLUME:
            root.set("pool", thing.texts["@pool"])
        return root

    def info(self, thing: Thing, names: Collection[str]) -> Texts:
        """Those leaves of the <info> of a pool or network."""
        for name in names:
            if name not in thing.told:
                thing.told[name] = self._told(thing, name)
        return {name: thing.told[name] for name in names}

    def _told(self, thing: Thing, name: str) -> Optional[str]:
        """One of those leaves; None if libvirt does not tell."""
        handle = thing.handle
        if name == "state" and thing.kind == POOL:
            return document.pool_state(self._calling(lambda virt: handle.info()[0], -1))
        if name not in _ASK:
            return None
        listed = self._listing(thing.kind, name) if thing.listed else None
        if listed is not None:
            return document.yes(thing.texts["uuid"] in listed)
        nothing: Any = None
        found = self._calling(lambda virt: getattr(handle, _ASK[name])(), nothing)
        return None if found is None else document.yes(found)

    def _listing(self, kind: str, name: str) -> Optional[frozenset[str]]:
        """The uuids of the things of a kind of which a leaf is yes; None if libvirt can't list."""
        if (kind, name) not in self._listings:
            nothing: Any = None
            flag = getattr(libvirt, _FLAGS[kind] + name.upper())
            found = self._calling(lambda virt: getattr(virt, _CALLS[kind][0])(flag), nothing)
            self._listings[kind, name] = None if found is None else frozenset(
                each.UUIDString() for each in found)
        return self._listings[kind, name]

    def find(self, kind: str, known: Mapping[str, str]) -> Iterator[Thing]:
        """The things of a kind: the one that the known texts name, else all."""
        root, kind = f"/{ROOTS[kind]}/", INFO.get(kind, kind)
        texts = {path[len(root):]: text for path, text in known.items() if path.startswith(root)}
        if kind == VOLUME:
            yield from self._volumes(texts)
            return
        for what in (NAMES.get(kind, "name"), *(("uuid",) if _CALLS[kind][2] else ())):
            if what in texts:
                yield from self._one(kind, what, texts[what])
                return
        yield from self._list(kind)

    def _one(self, kind: str, what: str, text: str) -> list[Thing]:
        call = _CALLS[kind][2 if what == "uuid" else 1]
        return self._looked_up(
            (kind, what, text), lambda virt: Thing(kind, getattr(virt, call)(text))
        )

    def _looked_up(self, key: Found, look_up: Callable[[Any], Thing]) -> list[Thing]:
        """What a lookup finds, none or one thing; done once."""
        if key not in self._found:
            self._found[key] = thing = self._calling(look_up, None)
            if thing is not None:
                self._found[thing.key] = thing
        found = self._found[key]
        return [] if found is None else [found]

    def _calling(self, calls: Callable[[Any], T], default: T) -> T:
        """What calls give; the default for what is not there, is off, or has no driver."""
        def asked(virt: Any) -> T:
            try:
                return calls(virt)
            except Libvirt as error:
                if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
                    return default
                raise

        try:
            return self.connection.ask(asked)
        except ValueError:  # no text of libvirt's: NUL, half of a surrogate pair
            return default
        except Error as error:
            if error.status in _NONE:
                return default
            raise

    def _list(self, kind: str) -> list[Thing]:
        """Every thing of a kind but volumes."""
        if kind not in self._all:
            nothing: list[Any] = []
            handles = self._calling(lambda virt: getattr(virt, _CALLS[kind][0])(0), nothing)
            self._all[kind] = [Thing(kind, handle, listed=True) for handle in handles]
            for thing in self._all[kind]:
                self._found.update({(kind, *leaf): thing for leaf in thing.texts.items()})
        return self._all[kind]

    def _volumes(self, texts: Mapping[str, str]) -> Iterator[Thing]:
        for what, name in _VOLUME_CALLS.items():
            if what in texts:
                yield from self._volume(what, name, texts[what])
                return
        named = texts.get("@pool")
        for pool in self._list(POOL) if named is None else self._one(POOL, "name", named):
            if named is not None and "name" in texts:
                yield from self._volume_of(pool, texts["name"])
            else:
                yield from self._list_volumes(pool)

    def _volume(self, what: str, name: str, text: str) -> list[Thing]:
        def look_up(virt: Any) -> Thing:
            handle = getattr(virt, name)(text)
            known = self._found.get((VOLUME, "key", handle.key()))
            return known or Thing(VOLUME, handle, handle.storagePoolLookupByVolume().name())

        return self._looked_up((VOLUME, what, text), look_up)

    def _volume_of(self, pool: Thing, name: str) -> list[Thing]:
        where = pool.texts["name"]
        return self._looked_up(
            (VOLUME, f"name in {where}", name),
            lambda virt: Thing(VOLUME, pool.handle.storageVolLookupByName(name), where),
        )

    def _list_volumes(self, pool: Thing) -> list[Thing]:
        where = pool.texts["name"]
        key = f"{VOLUME} {where}"
        if key not in self._all:
            nothing: list[Any] = []
            handles = self._calling(lambda virt: pool.handle.listAllVolumes(0), nothing)
            self._all[key] = [Thing(VOLUME, handle, where) for handle in handles]
            for thing in self._all[key]:
                named = (VOLUME, f"name in {where}", thing.texts["name"])
                self._found[thing.key] = self._found[named] = thing
        return self._all[key]
