# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to the guests of a host, as indications: created, modified, deleted (DSP1054).

A guest's instance is made of its document and of the state that it is in after what has happened,
by the table of guests: so nothing that comes later changes it. Asks no host.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from typing import Union

import attrs

from .. import tree
from ..cim import Instance
from ..ground import Document
from ..hypervisor.document import stub
from ..hypervisor.event import Happening
from ..query import Query
from ..schema import Schema
from ..shelf import Shelf
from ..tree import Element

GUEST = "Virt_ComputerSystem"
OFF = "shutoff"
ENDS = ("undefined", "stopped", "shutdown", "crashed")  # what is no guest's beginning
CREATED, MODIFIED, DELETED = (
    f"{GUEST}{what}Indication" for what in ("Created", "Modified", "Deleted"))


@attrs.frozen
class Known:
    """A guest as it was last seen."""

    told: Happening  # with all that is known of it
    instance: Instance


class Guests:
    """The guests of one host as they were last seen."""

    def __init__(self, schema: Schema, namespace: str, host: str) -> None:
        self._schema, self._namespace, self._host = schema, namespace, host
        self._known: dict[str, Known] = {}  # by uuid
        self._begun = False

    def told(self, what: Union[Happening, Sequence[Happening]]) -> Iterator[Instance]:
        """The indications of what has happened, or of what is otherwise than it was last seen."""
        if isinstance(what, Happening):
            yield from self._happened(what)
        elif self._begun:
            here = {each.uuid for each in what}
            for gone in [each for key, each in self._known.items() if key not in here]:
                yield self._deleted(gone)
            for each in what:
                yield from self._seen(each, False)
        else:  # so they were before anybody wanted to know
            self._begun = True
            self._known = {each.uuid: Known(each, self._instance(each)) for each in what}

    def _happened(self, what: Happening) -> Iterator[Instance]:
        known = self._known.get(what.uuid)
        if known is None:
            if what.kind not in ENDS:
                yield from self._seen(_new(what), False)
            return
        before = known.told
        if what.kind == "undefined" and what.state is not None:
            running = before._replace(persistent=False)
            self._known[what.uuid] = attrs.evolve(known, told=running)
        elif what.kind == "undefined" or what.kind == "stopped" and not before.persistent:
            yield self._deleted(known)
        else:
            defined = what.kind == "defined"
            yield from self._seen(what._replace(
                state=what.state or before.state, xml=what.xml or before.xml,
                persistent=before.persistent or defined), defined)

    def _seen(self, what: Happening, changed: bool) -> Iterator[Instance]:
        """A guest as it is now: new, or, if `changed` or it shows, changed."""
        known, now = self._known.get(what.uuid), self._instance(what)
        if known is not None and known.told.name != what.name:
            yield self._deleted(known)
            known = None
        self._known[what.uuid] = Known(what, now)
        if known is None:
            yield self._indication(CREATED, now)
            return
        before = known.instance
        names = [name for name in {**before.properties, **now.properties}
                 if before.get(name) != now.get(name)]
        if names or changed:
            yield self._indication(MODIFIED, now, PreviousInstance=before,
                                   **({"ChangedPropertyNames": names} if names else {}))

    def _deleted(self, known: Known) -> Instance:
        self._known.pop(known.told.uuid, None)
        return self._indication(DELETED, known.instance)

    def _indication(self, name: str, source: Instance, **more: object) -> Instance:
        path = None if source.path is None else attrs.evolve(
            source.path, namespace=self._namespace)
        return Instance(self._schema.concrete(name), {
            "IndicationIdentifier": f"libvirt-cim:{uuid.uuid4()}",
            "IndicationTime": _now(),
            "SourceInstance": source,
            "SourceInstanceModelPath": str(path),
            "SourceInstanceHost": self._host,
            **more,
        })

    def _instance(self, what: Happening) -> Instance:
        """The instance of a guest in that state."""
        root = _xml(what)
        info = stub("info", {"name": root.findtext("name") or "", "state": what.state or ""})
        shelf = Shelf([Document(("DomainXML",), root), Document(("DomainInfo",), info),
                       Document(("NodeInfo",), stub("node", {"name": self._host}))])
        table = self._schema.table(self._schema.concrete(GUEST))
        return next(Query(self._schema, shelf).read([table]))


def _new(what: Happening) -> Happening:
    """The first that is heard of a guest: one that runs without having been defined will not last.
    """
    return what._replace(state=what.state or OFF, persistent=what.kind == "defined")


def _xml(what: Happening) -> Element:
    """A guest's document; of one that has gone since, what is known of any."""
    if what.xml is not None:
        return tree.fast_parse(what.xml)
    return stub("domain", {"name": what.name, "uuid": what.uuid})


def _now() -> str:
    """The time, as CIM has it."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%d%H%M%S.%f}+000"
