# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.prompt_content import PromptContent


T = TypeVar("T", bound="Prompt")


@_attrs_define
class Prompt:
    """A prompt with its text.

    Attributes:
        id (str): An opaque id.
        prompt_id (str): An opaque id.
        version (int): The version number, counted from 1 for each label.
        content (PromptContent): The content of a prompt.
        label (None | str | Unset): A display name.
        created_at (datetime.datetime | Unset): The time when it was written.
    """

    id: str
    prompt_id: str
    version: int
    content: PromptContent
    label: None | str | Unset = UNSET
    created_at: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        prompt_id = self.prompt_id

        version = self.version

        content = self.content.to_dict()

        label: None | str | Unset
        if isinstance(self.label, Unset):
            label = UNSET
        else:
            label = self.label

        created_at: str | Unset = UNSET
        if not isinstance(self.created_at, Unset):
            created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "promptId": prompt_id,
                "version": version,
                "content": content,
            }
        )
        if label is not UNSET:
            field_dict["label"] = label
        if created_at is not UNSET:
            field_dict["createdAt"] = created_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.prompt_content import PromptContent  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        prompt_id = d.pop("promptId")

        version = d.pop("version")

        content = PromptContent.from_dict(d.pop("content"))

        def _parse_label(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        label = _parse_label(d.pop("label", UNSET))

        _created_at = d.pop("createdAt", UNSET)
        created_at: datetime.datetime | Unset
        if isinstance(_created_at, Unset):
            created_at = UNSET
        else:
            created_at = datetime.datetime.fromisoformat(_created_at)

        prompt = cls(
            id=id,
            prompt_id=prompt_id,
            version=version,
            content=content,
            label=label,
            created_at=created_at,
        )

        prompt.additional_properties = d
        return prompt

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
