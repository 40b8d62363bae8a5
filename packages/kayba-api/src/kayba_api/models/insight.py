# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.insight_status import InsightStatus, check_insight_status
from ..types import UNSET, Unset

T = TypeVar("T", bound="Insight")


@_attrs_define
class Insight:
    """Something learned from trace files.

    Attributes:
        id (str): An opaque id.
        status (InsightStatus): Where an insight stands in triage.
        section (str): The part of the prompt that it belongs to.
        content (str): The insight itself.
        helpful (int): How often it helped.
        harmful (int): How often it did harm.
        note (str | Unset): Why it was accepted or rejected.
    """

    id: str
    status: InsightStatus
    section: str
    content: str
    helpful: int
    harmful: int
    note: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        status: str = self.status

        section = self.section

        content = self.content

        helpful = self.helpful

        harmful = self.harmful

        note = self.note

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "section": section,
                "content": content,
                "helpful": helpful,
                "harmful": harmful,
            }
        )
        if note is not UNSET:
            field_dict["note"] = note

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        status = check_insight_status(d.pop("status"))

        section = d.pop("section")

        content = d.pop("content")

        helpful = d.pop("helpful")

        harmful = d.pop("harmful")

        note = d.pop("note", UNSET)

        insight = cls(
            id=id,
            status=status,
            section=section,
            content=content,
            helpful=helpful,
            harmful=harmful,
            note=note,
        )

        insight.additional_properties = d
        return insight

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
