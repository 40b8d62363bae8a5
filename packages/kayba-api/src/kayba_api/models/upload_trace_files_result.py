# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.uploaded_trace_file import UploadedTraceFile


T = TypeVar("T", bound="UploadTraceFilesResult")


@_attrs_define
class UploadTraceFilesResult:
    """The stored trace files.

    Attributes:
        count (int): The number of stored trace files.
        traces (list[UploadedTraceFile]):
    """

    count: int
    traces: list[UploadedTraceFile]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        count = self.count

        traces = []
        for traces_item_data in self.traces:
            traces_item = traces_item_data.to_dict()
            traces.append(traces_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "count": count,
                "traces": traces,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.uploaded_trace_file import UploadedTraceFile  # noqa: PLC0415

        d = dict(src_dict)
        count = d.pop("count")

        traces = []
        _traces = d.pop("traces")
        for traces_item_data in _traces:
            traces_item = UploadedTraceFile.from_dict(traces_item_data)

            traces.append(traces_item)

        upload_trace_files_result = cls(
            count=count,
            traces=traces,
        )

        upload_trace_files_result.additional_properties = d
        return upload_trace_files_result

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
