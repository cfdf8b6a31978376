# SPDX-License-Identifier: LGPL-2.1-or-later
"""Filters, destinations and subscriptions as clients make, change and delete them (DSP1054)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any, Optional

import corpus
import pytest
import pywbem
from contract import failing
from lab import LAB
from listening import ALL, subscribed, until

import libvirt_cim
from libvirt_cim import principal
from libvirt_cim.adapter.pywbem import Connection
from libvirt_cim.cim import Error, Instance, Path, Status
from libvirt_cim.conformance import findings
from libvirt_cim.ground import Document
from libvirt_cim.provider import Provider
from libvirt_cim.query import Query
from libvirt_cim.service.delivery import Sent
from libvirt_cim.service.indication import Indications, watch
from libvirt_cim.service.store import Store
from libvirt_cim.service.subscription import KIND, Subscriptions
from libvirt_cim.service.wanted import selection
from libvirt_cim.shelf import Shelf
from libvirt_cim.write import build, modify

FILTER, DESTINATION, SUBSCRIPTION = CLASSES = (
    "CIM_IndicationFilter", "CIM_ListenerDestinationCIMXML", "CIM_IndicationSubscription")
QUERY = {"Query": ALL, "QueryLanguage": "WQL"}
URL = {"Destination": "http://127.0.0.1:9"}


class Unreached:
    """Hosts that there is no connection to, so that nothing is watched."""

    homes = ("root/virt",)

    def __init__(self, provider: Provider) -> None:
        self.provider: Optional[Provider] = provider

    def host(self, namespace: str) -> Any:
        """The host, as long as it is there."""
        if self.provider is None:
            raise Error(Status.FAILED, "it could not be connected to")
        return self.provider


def opened(store: Optional[Store] = None) -> Provider:
    """A provider of the lab's host that keeps subscriptions, and tells nobody."""
    provider = libvirt_cim.connect(LAB, kept=Subscriptions(store))
    assert provider.subscriptions is not None
    provider.subscriptions.schemas = Indications(
        Subscriptions(), Unreached(provider), lambda sent: None).schemas
    return provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    with opened() as found:
        yield found


def made(provider: Provider, class_name: str, **properties: Any) -> Path:
    return provider.create_instance(Instance(class_name, properties), "interop")


def link(provider: Provider) -> tuple[Path, Path, Path]:
    """A filter, a destination and a subscription."""
    ends = made(provider, FILTER, Name="f", **QUERY), made(provider, DESTINATION, Name="d", **URL)
    return *ends, made(provider, SUBSCRIPTION, Filter=ends[0], Handler=ends[1])


def refused(status: Status, text: str, call: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(Error) as raised:
        call(*arguments, **named)
    assert (raised.value.status, raised.value.text) == (status, text)


def names(provider: Provider, class_name: str) -> list[str]:
    return [str(each["Name"]) for each in provider.enumerate_instances(class_name, "interop")]


def test_what_is_made_is_there(provider: Provider) -> None:
    filter_, destination, subscription = link(provider)
    assert {each.namespace for each in (filter_, destination, subscription)} == {"interop"}
    assert provider.get_instance(filter_)["Query"] == ALL
    assert provider.get_instance(destination)["PersistenceType"] == 2
    found = provider.get_instance(subscription)
    assert (found["Filter"], found["Handler"], found["SubscriptionState"]) == (
        filter_, destination, 2)
    for class_name, path in zip(CLASSES, (filter_, destination, subscription)):
        assert list(provider.enumerate_instance_names(class_name, "root/interop")) == [path]
    assert list(provider.associator_names(filter_, SUBSCRIPTION)) == [destination]
    (service,) = provider.enumerate_instance_names("CIM_IndicationService", "interop")
    assert list(provider.associator_names(service, "CIM_ServiceAffectsElement")) == [
        filter_, destination]
    assert {each.class_name for each in provider.associator_names(service)} == {
        "Virt_HostSystem", "Virt_IndicationServiceCapabilities", "Virt_RegisteredProfile",
        filter_.class_name, destination.class_name}


def test_every_row_is_written(provider: Provider) -> None:
    """What the rows read in tests/rows/ServerXML.xml, a client can send and is read again."""
    root = corpus.plain((File(__file__).parent / "rows" / "ServerXML.xml").read_bytes())
    query = Query(provider.schema, Shelf([Document(("ServerXML",), root)]))
    for class_name in CLASSES:
        (sent,) = query.enumerate(class_name)
        keys = sent.path.keys if sent.path else {}
        made = {name: value for name, value in sent.properties.items()
                if name not in keys or name == "Name"}
        ends = {role: next(provider.enumerate_instance_names(name, "interop"))
                for role, name in (("Filter", FILTER), ("Handler", DESTINATION))
                if class_name == SUBSCRIPTION}
        path = provider.create_instance(Instance(class_name, {**made, **ends}), "interop")
        found = provider.get_instance(path).properties
        made.pop("SubscriptionStartTime", None)  # which is now
        assert {name: found[name] for name in made} == made


def test_the_profile_is_kept(provider: Provider) -> None:
    """Each element that it asks for is there, and seen from both ends."""
    link(provider)
    found = [each for each in findings(provider) if "DSP1054" in each.requirement.profile]
    assert len(found) > 10 and not [each for each in found if not each.met]
    happens = ("CIM_InstCreation", "CIM_InstModification", "CIM_InstDeletion")
    assert {each.requirement.class_name for each in found if not each.number} == set(happens)


def test_the_service_and_its_limits(provider: Provider) -> None:
    (service,) = provider.enumerate_instances("CIM_IndicationService", "interop")
    assert (service["DeliveryRetryAttempts"], service["DeliveryRetryInterval"]) == (3, 30)
    assert service["FilterCreationEnabled"] and service["SubscriptionRemovalAction"] == 3
    (can,) = provider.enumerate_instances("CIM_IndicationServiceCapabilities", "interop")
    assert (can["MaxListenerDestinations"], can["SubscriptionsPersisted"]) == (100, False)
    for number in range(100):
        made(provider, DESTINATION, Name=str(number), **URL)
    refused(Status.FAILED, "there are 100 destinations already",
            made, provider, DESTINATION, **URL)


def test_who_says_no_name_gets_one(provider: Provider) -> None:
    first, second = (made(provider, FILTER, **QUERY) for _ in range(2))
    assert first.keys["Name"] != second.keys["Name"] and names(provider, FILTER) == [
        first.keys["Name"], second.keys["Name"]]


def test_a_client_chooses_no_system(provider: Provider) -> None:
    path = made(provider, FILTER, Name="f", SystemName="elsewhere", CreationClassName="CIM_X",
                SystemCreationClassName="CIM_ComputerSystem", **QUERY)
    assert path.class_name == path.keys["CreationClassName"] == "Virt_IndicationFilter"
    assert path.keys["SystemName"] != "elsewhere" and provider.get_instance(path)


@pytest.mark.parametrize("class_name", ["CIM_ListenerDestination",
                                        "Virt_ListenerDestinationCIMXML",
                                        "cim_listenerdestinationcimxml"])
def test_any_class_that_leads_to_one_table(provider: Provider, class_name: str) -> None:
    assert made(provider, class_name, **URL).class_name == "Virt_ListenerDestinationCIMXML"


@pytest.mark.parametrize("name", ["it's", 'a "name"', "a/b]<&>", "<x/>", "ä~2"])
def test_any_name_will_do(provider: Provider, name: str) -> None:
    ends = made(provider, FILTER, Name=name, **QUERY), made(provider, DESTINATION, Name=name, **URL)
    subscription = made(provider, SUBSCRIPTION, Filter=ends[0], Handler=ends[1])
    refused(Status.FAILED, f"{ends[0].class_name}.Name: {name!r} has a subscription",
            provider.delete_instance, ends[0])
    assert names(provider, FILTER) == [name]
    for each in (subscription, *ends):
        assert provider.get_instance(str(each)).path == each
        provider.delete_instance(str(each))


def test_many_at_once(provider: Provider) -> None:
    """Of those with the same name one is made; all others are."""
    done: list[Any] = []

    def make(number: int) -> None:
        for name in ("same", f"other {number}"):
            try:
                done.append(made(provider, FILTER, Name=name, **QUERY).keys["Name"])
            except Error as error:
                done.append(error.status)

    threads = [threading.Thread(target=make, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert done.count("same") == 1 and done.count(Status.ALREADY_EXISTS) == 7
    assert len(names(provider, FILTER)) == 9


def test_deletion_in_order(provider: Provider) -> None:
    filter_, destination, subscription = link(provider)
    refused(Status.FAILED, "Virt_IndicationFilter.Name: 'f' has a subscription",
            provider.delete_instance, filter_)
    refused(Status.FAILED, "Virt_ListenerDestinationCIMXML.Name: 'd' has a subscription",
            provider.delete_instance, destination)
    for each in (subscription, filter_, destination):
        provider.delete_instance(each)
        refused(Status.NOT_FOUND, f"No such instance ({next(iter(each.keys))})" if
                each is subscription else "No such instance (Name)",
                provider.delete_instance, each)
    assert not [each for name in CLASSES for each in provider.enumerate_instances(name, "interop")]


def test_what_may_be_changed(provider: Provider) -> None:
    filter_, destination, path = link(provider)
    found = provider.get_instance(path)
    found.properties.update(SubscriptionState=4, SubscriptionInfo="rack 2")
    provider.modify_instance(found)
    after = provider.get_instance(path)
    assert (after["SubscriptionState"], after["SubscriptionInfo"]) == (4, "rack 2")
    provider.modify_instance(Instance("", {"SubscriptionState": 2}, path), ["SubscriptionInfo"])
    assert provider.get_instance(path).get("SubscriptionInfo") is None
    assert provider.get_instance(path)["SubscriptionState"] == 4
    for where, name, value in ((filter_, "Query", f"{ALL} WHERE SequenceNumber = 1"),
                               (destination, "Destination", "http://elsewhere"),
                               (destination, "PersistenceType", 3),
                               (path, "OnFatalErrorPolicy", 3)):
        refused(Status.INVALID_PARAMETER,
                f"{where.class_name}.{name}: may not be changed",
                provider.modify_instance, Instance("", {name: value}, where))
    refused(Status.INVALID_PARAMETER, "Virt_IndicationSubscription.SubscriptionState: 3 has no "
            "counterpart in libvirt; it has 2, 4",
            provider.modify_instance, Instance("", {"SubscriptionState": 3}, path))
    refused(Status.NO_SUCH_PROPERTY, "Virt_IndicationSubscription.Nothing: no such property",
            provider.modify_instance, Instance("", {"Nothing": 3}, path))
    refused(Status.INVALID_PARAMETER, "the instance to be changed has no path",
            provider.modify_instance, Instance("CIM_IndicationSubscription"))


def test_two_changes_at_once(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is undone by the other: who comes later is told."""
    *_, path = link(provider)

    def change(**properties: Any) -> None:
        provider.modify_instance(Instance("", properties, path))

    def slowly(*given: Any) -> None:
        monkeypatch.undo()
        change(SubscriptionInfo="rack 2")
        modify(*given)

    monkeypatch.setattr("libvirt_cim.service.subscription.modify", slowly)
    refused(Status.FAILED, "it was changed meanwhile", change, SubscriptionState=4)
    found = provider.get_instance(path)
    assert (found["SubscriptionInfo"], found["SubscriptionState"]) == ("rack 2", 2)
    change(SubscriptionState=4)
    assert provider.get_instance(path)["SubscriptionInfo"] == "rack 2"


def test_what_goes_meanwhile(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription of it, or a change, comes too late."""
    filter_, destination, path = link(provider)

    def slowly(write: Any, gone: Path) -> Any:
        def writing(*given: Any) -> None:
            monkeypatch.undo()
            provider.delete_instance(gone)
            write(*given)

        return writing

    monkeypatch.setattr("libvirt_cim.service.subscription.modify", slowly(modify, path))
    refused(Status.NOT_FOUND, "it was deleted meanwhile", provider.modify_instance,
            Instance("", {"SubscriptionState": 4}, path))
    monkeypatch.setattr("libvirt_cim.service.subscription.build", slowly(build, destination))
    refused(Status.INVALID_PARAMETER, f"{path.class_name}.Handler: it was deleted meanwhile",
            made, provider, SUBSCRIPTION, Filter=filter_, Handler=destination)
    assert not list(provider.enumerate_instances(SUBSCRIPTION, "interop"))


def query(text: str = ALL, language: str = "WQL", **more: Any) -> dict[str, Any]:
    return {"Query": text, "QueryLanguage": language, **more}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (FILTER, {"QueryLanguage": "WQL"}, "Query: must be given"),
    (FILTER, {"Query": ALL}, "QueryLanguage: must be given"),
    (FILTER, query("SELECT"), "Query: WQL: character 7: expected a property, not the end"),
    (FILTER, query("SELECT * FROM CIM_AlertIndication"),
     "Query: WQL: class CIM_AlertIndication is not declared"),
    (FILTER, query("SELECT * FROM CIM_ComputerSystem"),
     "Query: CIM_ComputerSystem is no indication"),
    (FILTER, query("SELECT Nothing FROM CIM_InstCreation"),
     "Query: WQL: character 8: CIM_InstCreation has no property Nothing"),
    (FILTER, query(language="SQL"), "Query: 'SQL' is not a query language that is supported here: "
     "WQL, DMTF:CQL"),
    (FILTER, query(SourceNamespaces=["root/nowhere"]),
     "SourceNamespaces: no indications come from root/nowhere"),
    (FILTER, query(SourceNamespace="root/cimv2"),
     "SourceNamespaces: no indications come from root/cimv2"),
    (FILTER, query(Name=""), "Name: '' is no name"),
    (FILTER, query(Name="a\nb"), "Name: 'a\\nb' is no name"),
    (FILTER, query(Name="x" * 257), f"Name: {'x' * 257!r} is no name"),
    (FILTER, query(TemplateVariable=["x"]),
     "TemplateVariable: nothing in libvirt corresponds to it"),
    (FILTER, query(ElementName="x" * 16384), ": is larger than 16384 characters"),
    (DESTINATION, {}, "Destination: must be given"),
    *((DESTINATION, {"Destination": url},
       f"Destination: {url!r} is not http://HOST:PORT or https://HOST:PORT")
      for url in ("file:///etc/passwd", "http://", "ftp://host", "http://host:99999",
                  "http://user:secret@host", "http://host/a b", "http://a..b",
                  f"http://{'x' * 64}.org", "http://h\xf6st", "mailto:x@y")),
    (DESTINATION, {**URL, "Protocol": 4}, "Protocol: is always 2, not 4"),
    (DESTINATION, {**URL, "PersistenceType": 1},
     "PersistenceType: 1 has no counterpart in libvirt; it has 2, 3"),
    (SUBSCRIPTION, {}, "Filter: must be given"),
]


@pytest.mark.parametrize(("class_name", "properties", "text"), WRONG)
def test_what_is_wrong_is_one_clear_line(
    provider: Provider, class_name: str, properties: dict[str, Any], text: str
) -> None:
    table = class_name.replace("CIM_", "Virt_")
    text = table + ("" if text.startswith(":") else ".") + text
    refused(Status.INVALID_PARAMETER, text, made, provider, class_name, **properties)
    assert not list(provider.enumerate_instance_names(class_name, "interop"))


@pytest.mark.parametrize("url", ["http://host", "https://host:5990/path?x=1", "http://[::1]:5990",
                                 "host:5990", "host"])
def test_destinations_that_are_right(provider: Provider, url: str) -> None:
    assert provider.get_instance(made(provider, DESTINATION, Destination=url))["Destination"] == url


@pytest.mark.parametrize("given", [
    query("SELECT * FROM Virt_ComputerSystemCreatedIndication"),
    query("SELECT SourceInstance FROM CIM_InstModification WHERE SourceInstance ISA "
          "CIM_ComputerSystem AND SourceInstance.EnabledState <> PreviousInstance.EnabledState"),
    query("SELECT * FROM CIM_InstIndication WHERE SourceInstance.Name LIKE 'web.*'", "DMTF:CQL"),
    query(SourceNamespaces=["ROOT/virt"]), query(SourceNamespace="interop"),
])
def test_filters_that_are_right(provider: Provider, given: dict[str, Any]) -> None:
    assert provider.get_instance(made(provider, FILTER, **given))["Query"] == given["Query"]


def test_a_host_that_is_named_must_be_there(provider: Provider) -> None:
    assert provider.subscriptions is not None and provider.subscriptions.schemas is not None
    unreached = Unreached(provider)
    unreached.provider = None
    provider.subscriptions.schemas = Indications(
        Subscriptions(), unreached, lambda sent: None).schemas
    for given in (query(SourceNamespaces=["root/virt"]), query()):
        refused(Status.INVALID_PARAMETER, "Virt_IndicationFilter.SourceNamespaces: it could not "
                "be connected to", made, provider, FILTER, **given)


def test_ends_that_are_wrong(provider: Provider) -> None:
    filter_, destination, subscription = link(provider)
    for end in (filter_, destination):
        refused(Status.ALREADY_EXISTS, f"{end.class_name}: there is one already", made, provider,
                end.class_name, Name=end.keys["Name"], **QUERY if end is filter_ else URL)
    refused(Status.ALREADY_EXISTS, "Virt_IndicationSubscription: there is one already",
            made, provider, SUBSCRIPTION, Filter=filter_, Handler=str(destination))
    gone = Path(filter_.class_name, {**filter_.keys, "Name": "g"}, "interop")
    refused(Status.INVALID_PARAMETER, "Virt_IndicationSubscription.Filter: No such instance (Name)",
            made, provider, SUBSCRIPTION, Filter=gone, Handler=destination)
    refused(Status.INVALID_PARAMETER, "Virt_IndicationSubscription.Handler: Virt_IndicationFilter "
            "is another class", made, provider, SUBSCRIPTION, Filter=filter_, Handler=filter_)
    refused(Status.INVALID_PARAMETER, "Virt_IndicationSubscription.Filter: must be given",
            made, provider, SUBSCRIPTION, Filter=5, Handler=destination)


def test_other_classes_are_not_made_so(provider: Provider) -> None:
    text = "instances of {} are not made, changed or deleted so"
    for name in ("Virt_RegisteredProfile", "CIM_IndicationService", "CIM_ManagedElement"):
        refused(Status.NOT_SUPPORTED, text.format(name), made, provider, name)
    refused(Status.INVALID_CLASS, "class CIM_NoSuchClass is not declared",
            made, provider, "CIM_NoSuchClass")
    refused(Status.INVALID_CLASS, "class CIM_IndicationFilter is not declared in root/cimv2",
            provider.create_instance, Instance(FILTER, dict(QUERY)), "root/cimv2")
    (service,) = provider.enumerate_instance_names("CIM_IndicationService", "interop")
    refused(Status.NOT_SUPPORTED, text.format("Virt_IndicationService"),
            provider.delete_instance, service)
    refused(Status.NOT_SUPPORTED, text.format("Virt_IndicationService"),
            provider.modify_instance, Instance("", {}, service))


def test_beside_another_server_there_is_no_service() -> None:
    with libvirt_cim.connect(LAB, server=False) as found:
        assert list(found.enumerate_instances("CIM_IndicationService", "interop")) == []
        refused(Status.NOT_SUPPORTED, "instances of CIM_IndicationFilter are not made, changed or "
                "deleted here", made, found, FILTER, **QUERY)


def test_who_tells_nobody_takes_no_subscription() -> None:
    with libvirt_cim.connect(LAB) as found:
        ends = made(found, FILTER, **QUERY), made(found, DESTINATION, **URL)
        refused(Status.NOT_SUPPORTED, "nobody is told of indications here",
                made, found, SUBSCRIPTION, Filter=ends[0], Handler=ends[1])


def test_who_subscribes_while_an_event_is_told_hears_of_the_next(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Sent] = []
    event = Instance("Virt_ComputerSystemDeletedIndication", {})
    with opened() as provider:
        assert provider.subscriptions is not None
        service = Indications(provider.subscriptions, provider, sent.append)
        filter_, *_ = link(provider)
        other = threading.Thread(target=lambda: made(
            provider, SUBSCRIPTION, Filter=filter_,
            Handler=made(provider, DESTINATION, Name="other", **URL)))
        def slowly(*given: Any) -> Any:
            if other.ident is None:
                other.start()
                other.join(1)
            return selection(*given)

        monkeypatch.setattr("libvirt_cim.service.indication.selection", slowly)
        for _ in range(2):
            service._told(("root/virt", None), event)
            other.join()
        assert until(lambda: len(sent) == 3)
        service.close()


def test_hosts_are_watched_as_who_subscribed() -> None:
    seen: list[Optional[str]] = []

    class Asking(Unreached):
        def host(self, namespace: str) -> Any:
            return self

        def watching(self) -> Any:
            seen.append(principal.current())
            raise Error(Status.FAILED, "not today")

    with libvirt_cim.connect(LAB) as found:
        watcher = watch(Asking(found), "root/virt", "anna", print)
        assert until(lambda: seen == ["anna"])
        watcher.stop()


def test_who_ends_lets_go_of_what_is_kept() -> None:
    store = Store()
    Indications(Subscriptions(store), Unreached(opened()), print).close()
    with pytest.raises(Error, match="closed database"):
        store.all(KIND)


# what outlives the server

def test_what_is_permanent_is_there_after_a_restart(tmp_path: File) -> None:
    file = str(tmp_path / "state")
    with opened(Store(file)) as provider, principal.acting("anna"):
        paths = link(provider)
        transient = made(provider, DESTINATION, Name="t", PersistenceType=3, **URL)
        made(provider, SUBSCRIPTION, Filter=paths[0], Handler=transient)
        provider.modify_instance(Instance("", {"SubscriptionInfo": "rack 2"}, paths[2]))
        before = [provider.get_instance(each) for each in paths]
    with opened(Store(file)) as provider:
        assert [provider.get_instance(each) for each in paths] == before
        assert names(provider, DESTINATION) == ["d"]
        assert len(list(provider.enumerate_instances(SUBSCRIPTION, "interop"))) == 1
        (can,) = provider.enumerate_instances("CIM_IndicationServiceCapabilities", "interop")
        assert can["SubscriptionsPersisted"]
        assert provider.subscriptions is not None
        assert [each.get("owner") for each in provider.subscriptions.root.iter("subscription")] \
            == ["anna"]
        provider.delete_instance(paths[2])
    with opened(Store(file)) as provider:
        assert not list(provider.enumerate_instances(SUBSCRIPTION, "interop"))


# through pywbem, with no wire

@pytest.fixture
def wbem() -> Iterator[Connection]:
    with libvirt_cim.adapter.pywbem.connect(LAB) as found:
        yield found


def test_pywbem_without_a_wire(wbem: Connection) -> None:
    filter_, destination, subscription = subscribed(wbem, "http://127.0.0.1:9")
    assert wbem.GetInstance(filter_)["Query"] == ALL
    found = wbem.GetInstance(subscription)
    assert found["Handler"].keybindings == destination.keybindings
    found["SubscriptionState"] = pywbem.Uint16(4)
    wbem.ModifyInstance(found, PropertyList=["SubscriptionState"])
    assert wbem.GetInstance(subscription)["SubscriptionState"] == 4
    with failing(pywbem.CIM_ERR_FAILED):
        wbem.DeleteInstance(filter_)
    for each in (subscription, filter_, destination):
        wbem.DeleteInstance(each)
    assert not wbem.EnumerateInstances(FILTER, "interop")
