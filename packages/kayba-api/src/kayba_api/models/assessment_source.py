# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.assessment_source_type import (
    AssessmentSourceType,
    check_assessment_source_type,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="AssessmentSource")


@_attrs_define
class AssessmentSource:
    """The assessor.

    Attributes:
        source_type (AssessmentSourceType): The kind of assessor.
        source_id (str | Unset): The assessor's name.
    """

    source_type: AssessmentSourceType
    source_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        source_type: str = self.source_type

        source_id = self.source_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "source_type": source_type,
            }
        )
        if source_id is not UNSET:
            field_dict["source_id"] = source_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        source_type = check_assessment_source_type(d.pop("source_type"))

        source_id = d.pop("source_id", UNSET)

        assessment_source = cls(
            source_type=source_type,
            source_id=source_id,
        )

        assessment_source.additional_properties = d
        return assessment_source

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
