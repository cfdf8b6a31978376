# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open…, Pull…, Close… and queries over the wire, with pywbem; enumerations are one client's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem
from contract import failing
from served import config, hashed, serving, wbem

from libvirt_cim.adapter.limits import Limits

ITERATED = (("IterAssociatorInstances", "Associators"),
            ("IterAssociatorInstancePaths", "AssociatorNames"),
            ("IterReferenceInstances", "References"),
            ("IterReferenceInstancePaths", "ReferenceNames"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    users = tmp_path_factory.mktemp("users") / "htpasswd"
    users.write_text(f"anna:{hashed('a')}\nbert:{hashed('b')}\n")
    with serving(config(users=str(users), limits=Limits(enumerations=5))) as found:
        yield found


@pytest.fixture
def client(made: Any) -> Iterator[Any]:
    with wbem(made, creds=("anna", "a")) as found:
        yield found


@pytest.mark.parametrize("pull", [True, None, False])
@pytest.mark.parametrize("most", [1, 1000])
def test_iterations(made: Any, pull: Any, most: int) -> None:
    with wbem(made, creds=("anna", "a"), use_pull_operations=pull) as client:
        systems = client.EnumerateInstances("CIM_System")
        found = list(client.IterEnumerateInstances("CIM_System", MaxObjectCount=most))
        assert sorted(each["Name"] for each in found) == sorted(each["Name"] for each in systems)
        paths = list(client.IterEnumerateInstancePaths("CIM_System", MaxObjectCount=most))
        assert len(paths) == len(systems) > 5 and all(each.host for each in paths)
        for iterated, whole in ITERATED:
            parts = list(getattr(client, iterated)(systems[0].path, MaxObjectCount=most))
            assert len(parts) == len(getattr(client, whole)(systems[0].path)) > 0


def test_queries(client: Any) -> None:
    query = "SELECT Name FROM CIM_ComputerSystem WHERE Name = 'front1'"
    assert [dict(each) for each in client.ExecQuery("WQL", query)] == [{"Name": "front1"}]
    opened = client.OpenQueryInstances("WQL", "SELECT * FROM CIM_ComputerSystem",
                                       ReturnQueryResultClass=True, MaxObjectCount=2)
    assert len(opened.instances) == 2 and opened.query_result_class.classname
    assert client.PullInstances(opened.context, 100).eos
    found = client.OpenEnumerateInstances("CIM_System", FilterQueryLanguage="DMTF:FQL",
                                          FilterQuery="Name = 'front1'", MaxObjectCount=9)
    assert [each["Name"] for each in found.instances] == ["front1"] and found.eos
    with failing(pywbem.CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED):
        client.ExecQuery("SQL", query)


def test_associations_of_a_class(client: Any) -> None:
    assert client.AssociatorNames("Virt_ComputerSystem")[0].namespace == "root/virt"
    assert client.References("Virt_ComputerSystem")[0][1].classname


def test_class_origins_are_told_where_they_are_asked_for(client: Any) -> None:
    def origins(found: Any) -> set[Any]:
        return {row.class_origin for each in found for row in each.properties.values()}

    for ask in (client.EnumerateInstances, client.IterEnumerateInstances):
        assert origins(ask("Virt_ComputerSystem")) == {None}
        found = list(ask("Virt_ComputerSystem", IncludeClassOrigin=True))
        assert "Virt_ComputerSystem" in origins(found) and None not in origins(found)
        classes = {row.name: row.class_origin for row in client.GetClass(
            "Virt_ComputerSystem", LocalOnly=False, IncludeClassOrigin=True).properties.values()}
        assert {row.name: row.class_origin for row in found[0].properties.values()}.items() <= (
            classes.items())
    path = found[0].path
    assert origins([client.GetInstance(path, IncludeClassOrigin=True)]) == origins(found[:1])
    for ask in (client.Associators, client.IterAssociatorInstances, client.References):
        assert None not in origins(ask(path, IncludeClassOrigin=True))
        assert origins(ask(path)) == {None}


def test_an_enumeration_is_one_clients(made: Any, client: Any) -> None:
    opened = client.OpenEnumerateInstancePaths("CIM_System", MaxObjectCount=1)
    with wbem(made, creds=("bert", "b")) as other:
        with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
            other.PullInstancePaths(opened.context, 1)
        with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
            other.CloseEnumeration(opened.context)
    assert client.PullInstancePaths(opened.context, 1).paths
    client.CloseEnumeration(opened.context)
    with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
        client.PullInstancePaths(opened.context, 1)


def test_too_many_are_open(client: Any) -> None:
    contexts = [client.OpenEnumerateInstancePaths("CIM_System", MaxObjectCount=1).context
                for _ in range(5)]
    with failing(27):  # CIM_ERR_SERVER_LIMITS_EXCEEDED
        client.OpenEnumerateInstancePaths("CIM_System", MaxObjectCount=1)
    for each in contexts:
        client.CloseEnumeration(each)
