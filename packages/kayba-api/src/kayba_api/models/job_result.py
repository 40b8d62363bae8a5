# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobResult")


@_attrs_define
class JobResult:
    """The results of a completed job.

    Attributes:
        skills_generated (int): The number of insights found.
        materialized (bool): True if the results have been turned into insights.
        summary (str | Unset): A short summary of the results.
        traces_read (int | Unset): The number of traces read.
        model_used (bool | Unset): True if a model was used.
        notes (list[str] | Unset): Further information, e.g. the reason why no model was used, or a deleted trace.
    """

    skills_generated: int
    materialized: bool
    summary: str | Unset = UNSET
    traces_read: int | Unset = UNSET
    model_used: bool | Unset = UNSET
    notes: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        skills_generated = self.skills_generated

        materialized = self.materialized

        summary = self.summary

        traces_read = self.traces_read

        model_used = self.model_used

        notes: list[str] | Unset = UNSET
        if not isinstance(self.notes, Unset):
            notes = self.notes

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
        if traces_read is not UNSET:
            field_dict["tracesRead"] = traces_read
        if model_used is not UNSET:
            field_dict["modelUsed"] = model_used
        if notes is not UNSET:
            field_dict["notes"] = notes

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skills_generated = d.pop("skillsGenerated")

        materialized = d.pop("materialized")

        summary = d.pop("summary", UNSET)

        traces_read = d.pop("tracesRead", UNSET)

        model_used = d.pop("modelUsed", UNSET)

        notes = cast(list[str], d.pop("notes", UNSET))

        job_result = cls(
            skills_generated=skills_generated,
            materialized=materialized,
            summary=summary,
            traces_read=traces_read,
            model_used=model_used,
            notes=notes,
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
