# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.trace_info import TraceInfo


T = TypeVar("T", bound="TracePage")


@_attrs_define
class TracePage:
    """A page of traces.

    Attributes:
        traces (list[TraceInfo] | Unset): Omitted if there are none.
        next_page_token (str | Unset): The token of the next page. Omitted on the last page.
    """

    traces: list[TraceInfo] | Unset = UNSET
    next_page_token: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        traces: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.traces, Unset):
            traces = []
            for traces_item_data in self.traces:
                traces_item = traces_item_data.to_dict()
                traces.append(traces_item)

        next_page_token = self.next_page_token

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if traces is not UNSET:
            field_dict["traces"] = traces
        if next_page_token is not UNSET:
            field_dict["next_page_token"] = next_page_token

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.trace_info import TraceInfo  # noqa: PLC0415

        d = dict(src_dict)
        _traces = d.pop("traces", UNSET)
        traces: list[TraceInfo] | Unset = UNSET
        if _traces is not UNSET:
            traces = []
            for traces_item_data in _traces:
                traces_item = TraceInfo.from_dict(traces_item_data)

                traces.append(traces_item)

        next_page_token = d.pop("next_page_token", UNSET)

        trace_page = cls(
            traces=traces,
            next_page_token=next_page_token,
        )

        trace_page.additional_properties = d
        return trace_page

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
