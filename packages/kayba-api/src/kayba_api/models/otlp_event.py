# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.key_value import KeyValue


T = TypeVar("T", bound="OtlpEvent")


@_attrs_define
class OtlpEvent:
    """An event during a span.

    Attributes:
        time_unix_nano (int | str | Unset): Nanoseconds since 1970 (UTC), as a number or as text.
        name (str | Unset): The event's name; `exception` for an exception.
        attributes (list[KeyValue] | Unset): Attributes.
        dropped_attributes_count (int | Unset): An unsigned 32-bit integer.
    """

    time_unix_nano: int | str | Unset = UNSET
    name: str | Unset = UNSET
    attributes: list[KeyValue] | Unset = UNSET
    dropped_attributes_count: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        time_unix_nano: int | str | Unset
        if isinstance(self.time_unix_nano, Unset):
            time_unix_nano = UNSET
        else:
            time_unix_nano = self.time_unix_nano

        name = self.name

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
        if time_unix_nano is not UNSET:
            field_dict["timeUnixNano"] = time_unix_nano
        if name is not UNSET:
            field_dict["name"] = name
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if dropped_attributes_count is not UNSET:
            field_dict["droppedAttributesCount"] = dropped_attributes_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.key_value import KeyValue  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_time_unix_nano(data: object) -> int | str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(int | str | Unset, data)

        time_unix_nano = _parse_time_unix_nano(d.pop("timeUnixNano", UNSET))

        name = d.pop("name", UNSET)

        _attributes = d.pop("attributes", UNSET)
        attributes: list[KeyValue] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for componentsschemas_key_values_item_data in _attributes:
                componentsschemas_key_values_item = KeyValue.from_dict(componentsschemas_key_values_item_data)

                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = d.pop("droppedAttributesCount", UNSET)

        otlp_event = cls(
            time_unix_nano=time_unix_nano,
            name=name,
            attributes=attributes,
            dropped_attributes_count=dropped_attributes_count,
        )

        otlp_event.additional_properties = d
        return otlp_event

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
