# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests share: libvirt's test documents, a small host, and how Hypothesis searches."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import libvirtd
import mof_compiler
import pytest
import real_host
from calls import Calls, counted
from hypothesis import HealthCheck, settings
from lab import LAB, TIME
from small_host import small_host

import libvirt_cim
from libvirt_cim.hypervisor import statistics
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load

settings.register_profile(
    "libvirt-cim", derandomize=True, deadline=None, database=None,
    max_examples=int(os.environ.get("LIBVIRT_CIM_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("libvirt-cim")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the golden files."""
    parser.addoption("--regenerate", action="store_true", help="write the golden files anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long on a real host or builds packages is for who asks for it."""
    wait = pytest.mark.skip(reason="it takes long: set LIBVIRT_CIM_SLOW=1")
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if not libvirtd.SLOW and "slow" in marks and marks & {"libvirtd", "packages"}:
            item.add_marker(wait)


@pytest.fixture(scope="session", autouse=True)
def clock() -> Iterator[None]:
    """The clock stands still, so that what was read twice is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "now", lambda: TIME)
        yield


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """No test leaves a log that says less than before, or more: others read what it says."""
    before = _logs()
    yield
    assert _logs() == before


def _logs() -> Any:
    """How the logs are set: all of them, and each of ours that is not as it was made."""
    found = {name: (each.level, each.disabled, each.propagate, list(each.handlers))
             for name, each in logging.root.manager.loggerDict.items()
             if name.startswith("libvirt_cim") and isinstance(each, logging.Logger)}
    set_otherwise = {name: each for name, each in found.items() if each != (0, False, True, [])}
    return logging.root.manager.disable, logging.root.level, logging.root.handlers[:], set_otherwise


@pytest.fixture(scope="session")
def documents() -> dict[str, bytes]:
    """Every domain document of libvirt's tests, by its name."""
    found = corpus.documents()
    if not found:
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    return found


@pytest.fixture(scope="session")
def dmtf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of DMTF's schema."""
    return mof_compiler.unpacked(tmp_path_factory.mktemp("dmtf"))


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    """A small host of the test's own: a guest in every state, two networks and pools."""
    return small_host(tmp_path)


@pytest.fixture
def provider(connection: Connection) -> Provider:
    """What answers for the host that `connection` leads to, here or in the module of a test."""
    return Provider(load(connection.prefix), lambda: Request(connection))


@pytest.fixture(scope="module")
def lab() -> Iterator[Provider]:
    """What answers for the lab, a host of libvirt's test driver that nobody changes."""
    with libvirt_cim.connect(LAB) as found:
        yield found


@pytest.fixture(scope="module")
def library(lab: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The library that CIM servers load, with an adapter to the lab in it."""
    from fake_cimom import library_of  # few need cffi

    with library_of(lab, tmp_path_factory.mktemp("cmpi")) as found:
        yield found


@pytest.fixture
def host(connection: Connection) -> Any:
    """libvirt's own handle on the host that the provider serves."""
    return connection.handle


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> Calls:
    """How often libvirt is called from now on; the connection is open already."""
    assert connection.handle
    return counted(monkeypatch)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An authority and what it has signed, by name."""
    from certificates import certificates  # few need them

    return certificates(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def real() -> Iterator[libvirtd.Daemon]:
    """A real libvirtd with guests in every state; who changes one starts one of his own."""
    with libvirtd.found() as daemon:
        real_host.filled(daemon)
        yield daemon


@pytest.fixture(scope="module")
def listener() -> Iterator[Any]:
    """A program that waits for indications, and what it has heard."""
    from listening import listening  # few need it

    with listening() as found:
        yield found


@pytest.fixture
def heard(listener: Any) -> Any:
    """What is heard in a test."""
    listener.clear()
    return listener


@pytest.fixture(scope="module")
def alone() -> Iterator[None]:
    """Nothing of the machine has a part in what is registered."""
    import registering  # few need it

    with registering.quick():
        yield
