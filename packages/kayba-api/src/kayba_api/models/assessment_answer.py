# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.stored_assessment import StoredAssessment


T = TypeVar("T", bound="AssessmentAnswer")


@_attrs_define
class AssessmentAnswer:
    """An added assessment.

    Attributes:
        assessment (StoredAssessment): An assessment as stored, with the server's values.
    """

    assessment: StoredAssessment
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        assessment = self.assessment.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "assessment": assessment,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stored_assessment import StoredAssessment  # noqa: PLC0415

        d = dict(src_dict)
        assessment = StoredAssessment.from_dict(d.pop("assessment"))

        assessment_answer = cls(
            assessment=assessment,
        )

        assessment_answer.additional_properties = d
        return assessment_answer

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
