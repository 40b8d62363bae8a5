# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.span_attribute import SpanAttribute


T = TypeVar("T", bound="SpanEvent")


@_attrs_define
class SpanEvent:
    """An event during a span.

    Attributes:
        name (str | Unset): The event's name; `exception` for an exception. Omitted if it is empty.
        time_unix_nano (int | Unset): Nanoseconds since 1970 (UTC).
        attributes (list[SpanAttribute] | Unset):
    """

    name: str | Unset = UNSET
    time_unix_nano: int | Unset = UNSET
    attributes: list[SpanAttribute] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        time_unix_nano = self.time_unix_nano

        attributes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = []
            for attributes_item_data in self.attributes:
                attributes_item = attributes_item_data.to_dict()
                attributes.append(attributes_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if time_unix_nano is not UNSET:
            field_dict["time_unix_nano"] = time_unix_nano
        if attributes is not UNSET:
            field_dict["attributes"] = attributes

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.span_attribute import SpanAttribute  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        time_unix_nano = d.pop("time_unix_nano", UNSET)

        _attributes = d.pop("attributes", UNSET)
        attributes: list[SpanAttribute] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for attributes_item_data in _attributes:
                attributes_item = SpanAttribute.from_dict(attributes_item_data)

                attributes.append(attributes_item)

        span_event = cls(
            name=name,
            time_unix_nano=time_unix_nano,
            attributes=attributes,
        )

        span_event.additional_properties = d
        return span_event

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
