# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract of classes and qualifiers: how they are declared, and which there are."""

from __future__ import annotations

from expected import Row, Values

DISK = {"class_name": "Virt_LogicalDisk"}
MAPPED = {
    "superclass": "CIM_LogicalDisk",
    "qualifiers.MappingStrings": ["DomainXML.libvirt|/domain/devices/disk",
                                  "DomainXML.libvirt|/domain/devices/filesystem"],
    "qualifiers.Version": "1.0.0",
    "properties.Access.type": "uint16", "properties.Access.array": False,
    "properties.Access.qualifiers.MappingStrings": ["boolean(readonly)"],
    "properties.Access.qualifiers.ValueMap": ["1", "3"],
    "properties.DeviceID.qualifiers.Key": True,
    "properties.DeviceID.qualifiers.MappingStrings": [
        "self::disk/{/domain/name}/{target/@dev}",
        "self::filesystem/{/domain/name}/{target/@dir}"],
    "properties.HealthState.default": 5,
}
KEY = {"qualifier": "Key", "type": "boolean", "array": False, "value": False,
       "scopes": ["PROPERTY", "REFERENCE"],
       "flavors": {"overridable": False, "tosubclass": True, "toinstance": False,
                   "translatable": False}}
TOKENS = {"qualifier": "Virt_Tokens", "type": "string", "array": True, "value": None,
          "scopes": ["PROPERTY"],
          "flavors": {"overridable": True, "tosubclass": True, "toinstance": False,
                      "translatable": False}}
EVERYWHERE = ["ASSOCIATION", "CLASS", "INDICATION", "METHOD", "PARAMETER", "PROPERTY",
              "REFERENCE"]


def classes() -> list[Row]:
    """get_class."""
    return [
        ("get_class", {**DISK, "local_only": False, "include_class_origin": True},
         Values({**MAPPED, "properties.Access.origin": "Virt_LogicalDisk",
                 "properties.StatusInfo.origin": "CIM_LogicalDevice",
                 "methods.RequestStateChange.type": "uint32",
                 "methods.RequestStateChange.origin": "CIM_EnabledLogicalElement"})),
        ("get_class", {**DISK, "local_only": True},
         Values({**MAPPED, "properties.StatusInfo": None, "properties.Access.origin": None})),
        ("get_class", DISK, Values({**MAPPED, "properties.StatusInfo": None})),
        ("get_class", {**DISK, "include_qualifiers": False},
         Values({"qualifiers": {}, "properties.Access.qualifiers": {}})),
        ("get_class", {**DISK, "property_list": ["access"], "local_only": False},
         Values({"properties.Access.type": "uint16", "properties.DeviceID": None})),
        ("get_class", {**DISK, "property_list": []}, Values({"properties": {}})),
        ("get_class", {"class_name": "virt_systemdevice"},
         Values({"class": "Virt_SystemDevice", "qualifiers.Association": True,
                 "properties.PartComponent.type": "reference",
                 "properties.PartComponent.class": "CIM_LogicalDevice"})),
        ("get_class", {"class_name": "CIM_SettingData"},
         Values({"superclass": "CIM_ManagedElement", "qualifiers.Abstract": True})),
        ("get_class", {"class_name": "Virt_ProcessorPool"},  # Abstract is not passed on
         Values({"superclass": "CIM_ResourcePool", "qualifiers.Abstract": None})),
    ]


def enumerated() -> list[Row]:
    """enumerate_class_names and enumerate_classes."""
    return [
        ("enumerate_class_names", {"class_name": "CIM_StorageExtent"},
         ["CIM_LogicalDisk", "CIM_Memory", "CIM_StorageVolume"]),
        ("enumerate_class_names", {"class_name": "CIM_StorageExtent", "deep_inheritance": True},
         ["CIM_LogicalDisk", "CIM_Memory", "CIM_StorageVolume", "Virt_LogicalDisk", "Virt_Memory",
          "Virt_StorageVolume"]),
        ("enumerate_class_names", {"class_name": "Virt_LogicalDisk"}, []),
        ("enumerate_classes", {"class_name": "CIM_LogicalDisk", "local_only": True},
         Values({"0.class": "Virt_LogicalDisk",
                 **{f"0.{place}": value for place, value in MAPPED.items()}})),
        ("enumerate_classes", {"class_name": "CIM_StorageExtent", "deep_inheritance": True,
                               "local_only": False, "include_qualifiers": False},
         Values({"0.class": "CIM_LogicalDisk", "0.properties.Access.type": "uint16",
                 "4.class": "Virt_Memory", "4.qualifiers": {}, "6": None})),
    ]


def qualifiers() -> list[Row]:
    """get_qualifier and enumerate_qualifiers."""
    return [
        ("get_qualifier", {"qualifier_name": "Key"}, Values(KEY)),
        ("get_qualifier", {"qualifier_name": "virt_tokens"}, Values(TOKENS)),
        ("get_qualifier", {"qualifier_name": "MappingStrings"},
         Values({"array": True, "scopes": EVERYWHERE, "flavors.overridable": True})),
        ("get_qualifier", {"qualifier_name": "Version"},
         Values({"flavors.tosubclass": False, "flavors.translatable": True})),
        ("enumerate_qualifiers", {"namespace": "root/virt"}, Values({"0.qualifier": "Abstract"})),
    ]
