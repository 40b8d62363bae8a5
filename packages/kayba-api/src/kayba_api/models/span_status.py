# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.span_status_code import SpanStatusCode, check_span_status_code
from ..types import UNSET, Unset

T = TypeVar("T", bound="SpanStatus")


@_attrs_define
class SpanStatus:
    """The status of a span.

    Attributes:
        code (SpanStatusCode | Unset): The status code of a span.
        message (str | Unset): A description of the error.
    """

    code: SpanStatusCode | Unset = UNSET
    message: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code: str | Unset = UNSET
        if not isinstance(self.code, Unset):
            code = self.code

        message = self.message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if code is not UNSET:
            field_dict["code"] = code
        if message is not UNSET:
            field_dict["message"] = message

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _code = d.pop("code", UNSET)
        code: SpanStatusCode | Unset
        if isinstance(_code, Unset):
            code = UNSET
        else:
            code = check_span_status_code(_code)

        message = d.pop("message", UNSET)

        span_status = cls(
            code=code,
            message=message,
        )

        span_status.additional_properties = d
        return span_status

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
