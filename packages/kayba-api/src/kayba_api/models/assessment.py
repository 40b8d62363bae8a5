# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.assessment_error import AssessmentError
    from ..models.assessment_metadata import AssessmentMetadata
    from ..models.assessment_source import AssessmentSource
    from ..models.expectation import Expectation
    from ..models.feedback import Feedback


T = TypeVar("T", bound="Assessment")


@_attrs_define
class Assessment:
    """Feedback on a trace or span, or its expected result.

    Attributes:
        assessment_name (str): The name of the assessed property, e.g. `correct`.
        source (AssessmentSource): The assessor.
        assessment_id (str | Unset): The id, assigned by the server.
        trace_id (str | Unset): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        span_id (str | Unset): The id of the span, for an assessment of one span.
        create_time (datetime.datetime | Unset):
        last_update_time (datetime.datetime | Unset):
        feedback (Feedback | Unset): Feedback on a trace.
        expectation (Expectation | Unset): The expected result of a trace.
        rationale (str | Unset): The reason.
        error (AssessmentError | Unset): The reason why an assessment failed.
        metadata (AssessmentMetadata | Unset): Metadata of an assessment, by key.
        overrides (str | Unset): The id of the assessment that this one replaces.
        valid (bool | Unset): False if it has been replaced.
    """

    assessment_name: str
    source: AssessmentSource
    assessment_id: str | Unset = UNSET
    trace_id: str | Unset = UNSET
    span_id: str | Unset = UNSET
    create_time: datetime.datetime | Unset = UNSET
    last_update_time: datetime.datetime | Unset = UNSET
    feedback: Feedback | Unset = UNSET
    expectation: Expectation | Unset = UNSET
    rationale: str | Unset = UNSET
    error: AssessmentError | Unset = UNSET
    metadata: AssessmentMetadata | Unset = UNSET
    overrides: str | Unset = UNSET
    valid: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        assessment_name = self.assessment_name

        source = self.source.to_dict()

        assessment_id = self.assessment_id

        trace_id = self.trace_id

        span_id = self.span_id

        create_time: str | Unset = UNSET
        if not isinstance(self.create_time, Unset):
            create_time = self.create_time.isoformat()

        last_update_time: str | Unset = UNSET
        if not isinstance(self.last_update_time, Unset):
            last_update_time = self.last_update_time.isoformat()

        feedback: dict[str, Any] | Unset = UNSET
        if not isinstance(self.feedback, Unset):
            feedback = self.feedback.to_dict()

        expectation: dict[str, Any] | Unset = UNSET
        if not isinstance(self.expectation, Unset):
            expectation = self.expectation.to_dict()

        rationale = self.rationale

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        overrides = self.overrides

        valid = self.valid

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "assessment_name": assessment_name,
                "source": source,
            }
        )
        if assessment_id is not UNSET:
            field_dict["assessment_id"] = assessment_id
        if trace_id is not UNSET:
            field_dict["trace_id"] = trace_id
        if span_id is not UNSET:
            field_dict["span_id"] = span_id
        if create_time is not UNSET:
            field_dict["create_time"] = create_time
        if last_update_time is not UNSET:
            field_dict["last_update_time"] = last_update_time
        if feedback is not UNSET:
            field_dict["feedback"] = feedback
        if expectation is not UNSET:
            field_dict["expectation"] = expectation
        if rationale is not UNSET:
            field_dict["rationale"] = rationale
        if error is not UNSET:
            field_dict["error"] = error
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if overrides is not UNSET:
            field_dict["overrides"] = overrides
        if valid is not UNSET:
            field_dict["valid"] = valid

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.assessment_error import AssessmentError  # noqa: PLC0415
        from ..models.assessment_metadata import AssessmentMetadata  # noqa: PLC0415
        from ..models.assessment_source import AssessmentSource  # noqa: PLC0415
        from ..models.expectation import Expectation  # noqa: PLC0415
        from ..models.feedback import Feedback  # noqa: PLC0415

        d = dict(src_dict)
        assessment_name = d.pop("assessment_name")

        source = AssessmentSource.from_dict(d.pop("source"))

        assessment_id = d.pop("assessment_id", UNSET)

        trace_id = d.pop("trace_id", UNSET)

        span_id = d.pop("span_id", UNSET)

        _create_time = d.pop("create_time", UNSET)
        create_time: datetime.datetime | Unset
        if isinstance(_create_time, Unset):
            create_time = UNSET
        else:
            create_time = datetime.datetime.fromisoformat(_create_time)

        _last_update_time = d.pop("last_update_time", UNSET)
        last_update_time: datetime.datetime | Unset
        if isinstance(_last_update_time, Unset):
            last_update_time = UNSET
        else:
            last_update_time = datetime.datetime.fromisoformat(_last_update_time)

        _feedback = d.pop("feedback", UNSET)
        feedback: Feedback | Unset
        if isinstance(_feedback, Unset):
            feedback = UNSET
        else:
            feedback = Feedback.from_dict(_feedback)

        _expectation = d.pop("expectation", UNSET)
        expectation: Expectation | Unset
        if isinstance(_expectation, Unset):
            expectation = UNSET
        else:
            expectation = Expectation.from_dict(_expectation)

        rationale = d.pop("rationale", UNSET)

        _error = d.pop("error", UNSET)
        error: AssessmentError | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = AssessmentError.from_dict(_error)

        _metadata = d.pop("metadata", UNSET)
        metadata: AssessmentMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = AssessmentMetadata.from_dict(_metadata)

        overrides = d.pop("overrides", UNSET)

        valid = d.pop("valid", UNSET)

        assessment = cls(
            assessment_name=assessment_name,
            source=source,
            assessment_id=assessment_id,
            trace_id=trace_id,
            span_id=span_id,
            create_time=create_time,
            last_update_time=last_update_time,
            feedback=feedback,
            expectation=expectation,
            rationale=rationale,
            error=error,
            metadata=metadata,
            overrides=overrides,
            valid=valid,
        )

        assessment.additional_properties = d
        return assessment

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
