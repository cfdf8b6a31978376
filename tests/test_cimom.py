# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real CIM servers that load the library answer as the contract says, but for their own defects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pegasus
import pytest
import sfcb
from brokers import Defects
from cim_server import CimServer, missing
from contract import check, through_provider, through_pywbem
from lab import LAB
from operations import Operation
from test_cmpi import OPERATIONS

import libvirt_cim
from libvirt_cim.provider import Provider

pytestmark = pytest.mark.cimom
MAKES = {each.Server.make: each for each in (sfcb, pegasus)}
DEFECTS = Defects()
every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


@pytest.fixture(scope="module", params=MAKES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
           ) -> Iterator[CimServer]:
    why = missing(*MAKES[request.param].PROGRAMS)
    if why is not None:
        pytest.skip(why)
    with MAKES[request.param].Server(tmp_path_factory.mktemp(request.param), LAB) as found:
        yield found


@pytest.fixture(scope="module")
def wbem(server: CimServer) -> Any:
    return server.wbem()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with libvirt_cim.connect(LAB, server=False) as found:
        yield found


@every
def test_contract(
    server: CimServer, wbem: Any, provider: Provider, operation: Operation
) -> None:
    found = answer(through_pywbem(wbem)(operation))
    defect = DEFECTS.of(server.make, operation.name)
    if defect is None:
        check(operation, found)
        assert found == answer(through_provider(provider)(operation))
    else:
        assert found != answer(through_provider(provider)(operation)), f"mended: {defect.title}"
        if defect.status is not None:
            assert found.get("status") == defect.status


def answer(given: Any) -> Any:
    """An answer without what is the server's own, in order."""
    if not isinstance(given, list):
        return plain(given)
    ours = [plain(each) for each in given if not path(each).startswith("cim_")]
    return sorted(ours, key=path)


def path(each: Any) -> str:
    """The path of an instance, or what is one itself."""
    return str(each.get("path", each) if isinstance(each, dict) else each)


def plain(value: Any) -> Any:
    """A value without what is NULL, in our words."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        value = re.sub("root/(interop|PG_InterOp):", "interop:", value)
        return re.sub("^CIM_ERR_[A-Z_]+: ", "", value)
    return value
