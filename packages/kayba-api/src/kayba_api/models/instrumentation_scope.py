# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.key_value import KeyValue


T = TypeVar("T", bound="InstrumentationScope")


@_attrs_define
class InstrumentationScope:
    """The library that created the spans.

    Attributes:
        name (str | Unset):
        version (str | Unset):
        attributes (list[KeyValue] | Unset): Attributes.
        dropped_attributes_count (int | Unset): An unsigned 32-bit integer.
    """

    name: str | Unset = UNSET
    version: str | Unset = UNSET
    attributes: list[KeyValue] | Unset = UNSET
    dropped_attributes_count: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        version = self.version

        attributes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = []
            for componentsschemas_key_values_item_data in self.attributes:
                componentsschemas_key_values_item = componentsschemas_key_values_item_data.to_dict()
                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = self.dropped_attributes_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if version is not UNSET:
            field_dict["version"] = version
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if dropped_attributes_count is not UNSET:
            field_dict["droppedAttributesCount"] = dropped_attributes_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.key_value import KeyValue  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        version = d.pop("version", UNSET)

        _attributes = d.pop("attributes", UNSET)
        attributes: list[KeyValue] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for componentsschemas_key_values_item_data in _attributes:
                componentsschemas_key_values_item = KeyValue.from_dict(componentsschemas_key_values_item_data)

                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = d.pop("droppedAttributesCount", UNSET)

        instrumentation_scope = cls(
            name=name,
            version=version,
            attributes=attributes,
            dropped_attributes_count=dropped_attributes_count,
        )

        instrumentation_scope.additional_properties = d
        return instrumentation_scope

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
