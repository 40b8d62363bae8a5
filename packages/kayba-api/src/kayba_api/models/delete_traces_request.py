# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="DeleteTracesRequest")


@_attrs_define
class DeleteTracesRequest:
    """The traces to delete, given by either `request_ids` or `max_timestamp_millis`.

    Attributes:
        experiment_id (str): Decimal digits, as text.
        request_ids (list[str] | Unset): The traces' ids.
        max_timestamp_millis (int | Unset): Milliseconds since 1970 (UTC).
        max_traces (int | Unset): Maximum number of traces to delete.
    """

    experiment_id: str
    request_ids: list[str] | Unset = UNSET
    max_timestamp_millis: int | Unset = UNSET
    max_traces: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        experiment_id = self.experiment_id

        request_ids: list[str] | Unset = UNSET
        if not isinstance(self.request_ids, Unset):
            request_ids = self.request_ids

        max_timestamp_millis = self.max_timestamp_millis

        max_traces = self.max_traces

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "experiment_id": experiment_id,
            }
        )
        if request_ids is not UNSET:
            field_dict["request_ids"] = request_ids
        if max_timestamp_millis is not UNSET:
            field_dict["max_timestamp_millis"] = max_timestamp_millis
        if max_traces is not UNSET:
            field_dict["max_traces"] = max_traces

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        experiment_id = d.pop("experiment_id")

        request_ids = cast(list[str], d.pop("request_ids", UNSET))

        max_timestamp_millis = d.pop("max_timestamp_millis", UNSET)

        max_traces = d.pop("max_traces", UNSET)

        delete_traces_request = cls(
            experiment_id=experiment_id,
            request_ids=request_ids,
            max_timestamp_millis=max_timestamp_millis,
            max_traces=max_traces,
        )

        delete_traces_request.additional_properties = d
        return delete_traces_request

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
