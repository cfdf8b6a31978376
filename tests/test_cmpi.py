# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI: the library, loaded here by a server made of Python, answers as the contract says."""

from __future__ import annotations

import shutil
from pathlib import Path as File

import pytest
from brokers import Defects
from contract import check, through_provider
from fake_broker import FakeBroker
from fake_cimom import Server
from fake_functions import OPTIONAL
from fake_openwbem import OpenWbem
from operations import Operation, operations

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
def server(library: File, lab: Provider) -> Server:
    return Server(library, FakeBroker(), lab)


@pytest.mark.parametrize("missing", OPTIONAL)
def test_without_a_function(library: File, lab: Provider, missing: str) -> None:
    """What some servers do not have, the adapter does without."""
    server = Server(library, FakeBroker([missing]), lab)
    some = OPERATIONS[::9]
    if missing == "instance.narrow":  # then a server shows of queries what it likes
        some = [each for each in some if each.call != "exec_query"]
    for operation in some:
        answer = through_provider(server)(operation)
        server.broker.clear()
        check(operation, answer)


@every
def test_contract(server: Server, lab: Provider, operation: Operation) -> None:
    answer = through_provider(server)(operation)
    server.broker.clear()
    check(operation, answer)
    assert answer == through_provider(lab)(operation)


def test_openwbem(library: File, lab: Provider) -> None:
    """Its broker's table is another, and instances in it are texts."""
    server = Server(library, OpenWbem(), lab)
    some = [each for each in OPERATIONS
            if "property_list" not in each.arguments and each.call != "exec_query"]
    for operation in some[::6]:
        answer = through_provider(server)(operation)
        server.broker.clear()
        check(operation, answer)


def test_every_pattern_of_a_defect_means_a_call() -> None:
    for defect in Defects().rows:
        assert defect.make in ("sfcb", "OpenPegasus", "OpenWBEM") and defect.reason and defect.case
        for pattern in defect.calls:
            assert any(defect._replace(calls=[pattern]).fits(each.name) for each in OPERATIONS)
