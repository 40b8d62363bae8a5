# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.serialized_value import SerializedValue


T = TypeVar("T", bound="Expectation")


@_attrs_define
class Expectation:
    """The expected result of a trace.

    Attributes:
        value (Any | Unset): Any JSON value.
        serialized_value (SerializedValue | Unset): A value without a JSON type.
    """

    value: Any | Unset = UNSET
    serialized_value: SerializedValue | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        serialized_value: dict[str, Any] | Unset = UNSET
        if not isinstance(self.serialized_value, Unset):
            serialized_value = self.serialized_value.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if value is not UNSET:
            field_dict["value"] = value
        if serialized_value is not UNSET:
            field_dict["serialized_value"] = serialized_value

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.serialized_value import SerializedValue  # noqa: PLC0415

        d = dict(src_dict)
        value = d.pop("value", UNSET)

        _serialized_value = d.pop("serialized_value", UNSET)
        serialized_value: SerializedValue | Unset
        if isinstance(_serialized_value, Unset):
            serialized_value = UNSET
        else:
            serialized_value = SerializedValue.from_dict(_serialized_value)

        expectation = cls(
            value=value,
            serialized_value=serialized_value,
        )

        expectation.additional_properties = d
        return expectation

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
