# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobResult")


@_attrs_define
class JobResult:
    """What a completed job found.

    Attributes:
        skills_generated (int): How many insights were found.
        materialized (bool): Whether the results have been kept as insights.
        summary (str | Unset): What was found, in a few words.
    """

    skills_generated: int
    materialized: bool
    summary: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        skills_generated = self.skills_generated

        materialized = self.materialized

        summary = self.summary

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "skillsGenerated": skills_generated,
                "materialized": materialized,
            }
        )
        if summary is not UNSET:
            field_dict["summary"] = summary

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skills_generated = d.pop("skillsGenerated")

        materialized = d.pop("materialized")

        summary = d.pop("summary", UNSET)

        job_result = cls(
            skills_generated=skills_generated,
            materialized=materialized,
            summary=summary,
        )

        job_result.additional_properties = d
        return job_result

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
