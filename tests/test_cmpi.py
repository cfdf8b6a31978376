# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI: the library, loaded here by a server made of Python, answers as the contract says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path as File

import pytest
from brokers import Defects
from contract import check, through_provider
from fake_broker import FakeBroker
from fake_cimom import Server
from lab import LAB
from operations import Operation, operations

import libvirt_cim
from libvirt_cim import cimom
from libvirt_cim.adapter import access, cmpi_library
from libvirt_cim.adapter.access import Access
from libvirt_cim.adapter.cmpi import Adapter
from libvirt_cim.broker import Broker
from libvirt_cim.hypervisor.connection import Connection as Libvirt
from libvirt_cim.provider import Provider

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
# What a server answers itself.
ITS_OWN = ("get_class", "enumerate_classes", "enumerate_class_names", "get_qualifier",
           "enumerate_qualifiers")


def asked(operation: Operation) -> bool:
    """Whether a server asks its providers for that."""
    of_class = "=" not in str(operation.arguments.get("object_name", "="))
    return operation.call not in ITS_OWN and not of_class


OPERATIONS = [each for each in operations(Libvirt("test:///default").hostname) if asked(each)]
every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with libvirt_cim.connect(LAB) as found:
        yield found


@pytest.fixture(scope="module")
def library(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    """The library, which finds this Python, and in it an adapter to the lab."""
    with pytest.MonkeyPatch.context() as patch:
        allowed = Access(None, {"root": access.WRITE})
        patch.setattr(cimom, "_ADAPTER", Adapter(Broker([provider]), allowed, "interop"))
        yield cmpi_library.build(tmp_path_factory.mktemp("cmpi"))


@pytest.fixture(scope="module")
def server(library: File, provider: Provider) -> Server:
    return Server(library, FakeBroker(), provider)


@every
def test_contract(server: Server, provider: Provider, operation: Operation) -> None:
    answer = through_provider(server)(operation)
    server.broker.clear()
    check(operation, answer)
    assert answer == through_provider(provider)(operation)


def test_every_pattern_of_a_defect_means_a_call() -> None:
    for defect in Defects().rows:
        assert defect.make in ("sfcb", "OpenPegasus") and defect.reason and defect.case
        for pattern in defect.calls:
            assert any(defect._replace(calls=[pattern]).fits(each.name) for each in OPERATIONS)
