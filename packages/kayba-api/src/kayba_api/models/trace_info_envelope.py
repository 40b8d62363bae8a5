# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.trace_info import TraceInfo


T = TypeVar("T", bound="TraceInfoEnvelope")


@_attrs_define
class TraceInfoEnvelope:
    """A trace without its spans.

    Attributes:
        trace_info (TraceInfo): The data of a trace except its spans.
    """

    trace_info: TraceInfo
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_info = self.trace_info.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "trace_info": trace_info,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.trace_info import TraceInfo  # noqa: PLC0415

        d = dict(src_dict)
        trace_info = TraceInfo.from_dict(d.pop("trace_info"))

        trace_info_envelope = cls(
            trace_info=trace_info,
        )

        trace_info_envelope.additional_properties = d
        return trace_info_envelope

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
