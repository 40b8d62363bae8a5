# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="GeneratePromptRequest")


@_attrs_define
class GeneratePromptRequest:
    """The insights for a prompt.

    Attributes:
        insight_ids (list[str] | Unset): The insights to use. Default: all accepted insights.
        label (str | Unset): A display name.
    """

    insight_ids: list[str] | Unset = UNSET
    label: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        insight_ids: list[str] | Unset = UNSET
        if not isinstance(self.insight_ids, Unset):
            insight_ids = self.insight_ids

        label = self.label

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if insight_ids is not UNSET:
            field_dict["insightIds"] = insight_ids
        if label is not UNSET:
            field_dict["label"] = label

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        insight_ids = cast(list[str], d.pop("insightIds", UNSET))

        label = d.pop("label", UNSET)

        generate_prompt_request = cls(
            insight_ids=insight_ids,
            label=label,
        )

        generate_prompt_request.additional_properties = d
        return generate_prompt_request

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
