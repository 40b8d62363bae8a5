# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.prompt_content import PromptContent


T = TypeVar("T", bound="GeneratedPrompt")


@_attrs_define
class GeneratedPrompt:
    """A prompt that has been written.

    Attributes:
        prompt_id (str): An opaque id.
        version (int): The version number, counted from 1 for each label.
        content (PromptContent): The content of a prompt.
    """

    prompt_id: str
    version: int
    content: PromptContent
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt_id = self.prompt_id

        version = self.version

        content = self.content.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "promptId": prompt_id,
                "version": version,
                "content": content,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.prompt_content import PromptContent  # noqa: PLC0415

        d = dict(src_dict)
        prompt_id = d.pop("promptId")

        version = d.pop("version")

        content = PromptContent.from_dict(d.pop("content"))

        generated_prompt = cls(
            prompt_id=prompt_id,
            version=version,
            content=content,
        )

        generated_prompt.additional_properties = d
        return generated_prompt

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
