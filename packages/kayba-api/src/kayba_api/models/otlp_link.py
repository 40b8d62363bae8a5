# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.key_value import KeyValue


T = TypeVar("T", bound="OtlpLink")


@_attrs_define
class OtlpLink:
    """A link to a related span.

    Attributes:
        trace_id (str): 16 bytes, hex. Not all bytes may be zero.
        span_id (str): 8 bytes, hex. Not all bytes may be zero.
        trace_state (str | Unset):
        attributes (list[KeyValue] | Unset): Attributes.
        dropped_attributes_count (int | Unset): An unsigned 32-bit integer.
        flags (int | Unset): An unsigned 32-bit integer.
    """

    trace_id: str
    span_id: str
    trace_state: str | Unset = UNSET
    attributes: list[KeyValue] | Unset = UNSET
    dropped_attributes_count: int | Unset = UNSET
    flags: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_id = self.trace_id

        span_id = self.span_id

        trace_state = self.trace_state

        attributes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = []
            for componentsschemas_key_values_item_data in self.attributes:
                componentsschemas_key_values_item = componentsschemas_key_values_item_data.to_dict()
                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = self.dropped_attributes_count

        flags = self.flags

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "traceId": trace_id,
                "spanId": span_id,
            }
        )
        if trace_state is not UNSET:
            field_dict["traceState"] = trace_state
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if dropped_attributes_count is not UNSET:
            field_dict["droppedAttributesCount"] = dropped_attributes_count
        if flags is not UNSET:
            field_dict["flags"] = flags

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.key_value import KeyValue  # noqa: PLC0415

        d = dict(src_dict)
        trace_id = d.pop("traceId")

        span_id = d.pop("spanId")

        trace_state = d.pop("traceState", UNSET)

        _attributes = d.pop("attributes", UNSET)
        attributes: list[KeyValue] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for componentsschemas_key_values_item_data in _attributes:
                componentsschemas_key_values_item = KeyValue.from_dict(componentsschemas_key_values_item_data)

                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = d.pop("droppedAttributesCount", UNSET)

        flags = d.pop("flags", UNSET)

        otlp_link = cls(
            trace_id=trace_id,
            span_id=span_id,
            trace_state=trace_state,
            attributes=attributes,
            dropped_attributes_count=dropped_attributes_count,
            flags=flags,
        )

        otlp_link.additional_properties = d
        return otlp_link

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
