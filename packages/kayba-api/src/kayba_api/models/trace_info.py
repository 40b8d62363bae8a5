# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.trace_state import TraceState, check_trace_state
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.stored_assessment import StoredAssessment
    from ..models.trace_location import TraceLocation
    from ..models.trace_metadata import TraceMetadata
    from ..models.trace_tags import TraceTags


T = TypeVar("T", bound="TraceInfo")


@_attrs_define
class TraceInfo:
    """The data of a trace except its spans.

    Attributes:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        trace_location (TraceLocation): The location of a trace.
        request_time (datetime.datetime): The start of the trace.
        state (TraceState): The state of a trace.
        client_request_id (str | Unset): An id chosen by the caller.
        execution_duration (str | Unset): The duration in seconds, followed by `s`. Omitted while the trace is in
            progress.
        trace_metadata (TraceMetadata | Unset): Immutable metadata of a trace, by key.
        tags (TraceTags | Unset): Tags by key.
        request_preview (str | Unset): The first part of the inputs, as JSON.
        response_preview (str | Unset): The first part of the outputs, as JSON.
        assessments (list[StoredAssessment] | Unset):
    """

    trace_id: str
    trace_location: TraceLocation
    request_time: datetime.datetime
    state: TraceState
    client_request_id: str | Unset = UNSET
    execution_duration: str | Unset = UNSET
    trace_metadata: TraceMetadata | Unset = UNSET
    tags: TraceTags | Unset = UNSET
    request_preview: str | Unset = UNSET
    response_preview: str | Unset = UNSET
    assessments: list[StoredAssessment] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_id = self.trace_id

        trace_location = self.trace_location.to_dict()

        request_time = self.request_time.isoformat()

        state: str = self.state

        client_request_id = self.client_request_id

        execution_duration = self.execution_duration

        trace_metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.trace_metadata, Unset):
            trace_metadata = self.trace_metadata.to_dict()

        tags: dict[str, Any] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags.to_dict()

        request_preview = self.request_preview

        response_preview = self.response_preview

        assessments: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.assessments, Unset):
            assessments = []
            for assessments_item_data in self.assessments:
                assessments_item = assessments_item_data.to_dict()
                assessments.append(assessments_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "trace_id": trace_id,
                "trace_location": trace_location,
                "request_time": request_time,
                "state": state,
            }
        )
        if client_request_id is not UNSET:
            field_dict["client_request_id"] = client_request_id
        if execution_duration is not UNSET:
            field_dict["execution_duration"] = execution_duration
        if trace_metadata is not UNSET:
            field_dict["trace_metadata"] = trace_metadata
        if tags is not UNSET:
            field_dict["tags"] = tags
        if request_preview is not UNSET:
            field_dict["request_preview"] = request_preview
        if response_preview is not UNSET:
            field_dict["response_preview"] = response_preview
        if assessments is not UNSET:
            field_dict["assessments"] = assessments

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stored_assessment import StoredAssessment  # noqa: PLC0415
        from ..models.trace_location import TraceLocation  # noqa: PLC0415
        from ..models.trace_metadata import TraceMetadata  # noqa: PLC0415
        from ..models.trace_tags import TraceTags  # noqa: PLC0415

        d = dict(src_dict)
        trace_id = d.pop("trace_id")

        trace_location = TraceLocation.from_dict(d.pop("trace_location"))

        request_time = datetime.datetime.fromisoformat(d.pop("request_time"))

        state = check_trace_state(d.pop("state"))

        client_request_id = d.pop("client_request_id", UNSET)

        execution_duration = d.pop("execution_duration", UNSET)

        _trace_metadata = d.pop("trace_metadata", UNSET)
        trace_metadata: TraceMetadata | Unset
        if isinstance(_trace_metadata, Unset):
            trace_metadata = UNSET
        else:
            trace_metadata = TraceMetadata.from_dict(_trace_metadata)

        _tags = d.pop("tags", UNSET)
        tags: TraceTags | Unset
        if isinstance(_tags, Unset):
            tags = UNSET
        else:
            tags = TraceTags.from_dict(_tags)

        request_preview = d.pop("request_preview", UNSET)

        response_preview = d.pop("response_preview", UNSET)

        _assessments = d.pop("assessments", UNSET)
        assessments: list[StoredAssessment] | Unset = UNSET
        if _assessments is not UNSET:
            assessments = []
            for assessments_item_data in _assessments:
                assessments_item = StoredAssessment.from_dict(assessments_item_data)

                assessments.append(assessments_item)

        trace_info = cls(
            trace_id=trace_id,
            trace_location=trace_location,
            request_time=request_time,
            state=state,
            client_request_id=client_request_id,
            execution_duration=execution_duration,
            trace_metadata=trace_metadata,
            tags=tags,
            request_preview=request_preview,
            response_preview=response_preview,
            assessments=assessments,
        )

        trace_info.additional_properties = d
        return trace_info

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
