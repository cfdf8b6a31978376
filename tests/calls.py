# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the calls that reach libvirt, by wrapping the methods of libvirt-python's classes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from libvirt_cim.hypervisor.error import libvirt

CLASSES = ("virConnect", "virDomain", "virNetwork", "virStoragePool", "virStorageVol",
           "virDomainSnapshot", "virDomainCheckpoint")
FREE = {"name", "key", "UUIDString", "UUID", "ID", "connect", "isAlive", "getName", "domain",
        "getDomain", "getConnect"}  # no round trip


class Calls(Counter[str]):
    """How often each method was called: XMLDesc is a domain's, others say what they are of."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: Counter[tuple[str, int]] = Counter()  # XMLDesc by guest and flags

    @property
    def listings(self) -> int:
        """How often all guests were asked for."""
        return sum(number for name, number in self.items()
                   if name.startswith("list") and "Domain" in name or name == "getAllDomainStats")

    def clear(self) -> None:
        """Start again."""
        super().clear()
        self.documents.clear()


def counted(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Count from now on, as long as the test runs."""
    made = Calls()
    for owner in CLASSES:
        kind = owner[3:].replace("Domain", "")
        prefix = "" if kind in ("Connect", "") else kind + "."
        for name in vars(getattr(libvirt, owner)):
            if not name.startswith("_") and name not in FREE:
                _wrap(monkeypatch, getattr(libvirt, owner), name, prefix + name, made)
    return made


def _wrap(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, label: str, made: Calls) -> None:
    original = getattr(owner, name)

    def call(self: Any, *arguments: Any, **more: Any) -> Any:
        made[label] += 1
        if label == "XMLDesc":
            made.documents[(self.name(), *(arguments or (0,)))] += 1
        return original(self, *arguments, **more)

    monkeypatch.setattr(owner, name, call)
