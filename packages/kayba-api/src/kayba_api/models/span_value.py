# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.non_finite_number import NonFiniteNumber, check_non_finite_number
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.span_array_value import SpanArrayValue
    from ..models.span_key_value_list import SpanKeyValueList


T = TypeVar("T", bound="SpanValue")


@_attrs_define
class SpanValue:
    """A value with at most one of the properties. Without any, the value is null.

    Attributes:
        string_value (str | Unset):
        bool_value (bool | Unset):
        int_value (int | Unset):
        double_value (float | NonFiniteNumber | Unset): A number, or the name of a number that JSON does not have.
        bytes_value (str | Unset): Base64.
        array_value (SpanArrayValue | Unset): A list.
        kvlist_value (SpanKeyValueList | Unset): An object.
    """

    string_value: str | Unset = UNSET
    bool_value: bool | Unset = UNSET
    int_value: int | Unset = UNSET
    double_value: float | NonFiniteNumber | Unset = UNSET
    bytes_value: str | Unset = UNSET
    array_value: SpanArrayValue | Unset = UNSET
    kvlist_value: SpanKeyValueList | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        string_value = self.string_value

        bool_value = self.bool_value

        int_value = self.int_value

        double_value: float | str | Unset
        if isinstance(self.double_value, Unset):
            double_value = UNSET
        elif isinstance(self.double_value, str):
            double_value = self.double_value
        else:
            double_value = self.double_value

        bytes_value = self.bytes_value

        array_value: dict[str, Any] | Unset = UNSET
        if not isinstance(self.array_value, Unset):
            array_value = self.array_value.to_dict()

        kvlist_value: dict[str, Any] | Unset = UNSET
        if not isinstance(self.kvlist_value, Unset):
            kvlist_value = self.kvlist_value.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if string_value is not UNSET:
            field_dict["string_value"] = string_value
        if bool_value is not UNSET:
            field_dict["bool_value"] = bool_value
        if int_value is not UNSET:
            field_dict["int_value"] = int_value
        if double_value is not UNSET:
            field_dict["double_value"] = double_value
        if bytes_value is not UNSET:
            field_dict["bytes_value"] = bytes_value
        if array_value is not UNSET:
            field_dict["array_value"] = array_value
        if kvlist_value is not UNSET:
            field_dict["kvlist_value"] = kvlist_value

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.span_array_value import SpanArrayValue  # noqa: PLC0415
        from ..models.span_key_value_list import SpanKeyValueList  # noqa: PLC0415

        d = dict(src_dict)
        string_value = d.pop("string_value", UNSET)

        bool_value = d.pop("bool_value", UNSET)

        int_value = d.pop("int_value", UNSET)

        def _parse_double_value(data: object) -> float | NonFiniteNumber | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_double_type_1 = check_non_finite_number(data)

                return componentsschemas_double_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(float | NonFiniteNumber | Unset, data)

        double_value = _parse_double_value(d.pop("double_value", UNSET))

        bytes_value = d.pop("bytes_value", UNSET)

        _array_value = d.pop("array_value", UNSET)
        array_value: SpanArrayValue | Unset
        if isinstance(_array_value, Unset):
            array_value = UNSET
        else:
            array_value = SpanArrayValue.from_dict(_array_value)

        _kvlist_value = d.pop("kvlist_value", UNSET)
        kvlist_value: SpanKeyValueList | Unset
        if isinstance(_kvlist_value, Unset):
            kvlist_value = UNSET
        else:
            kvlist_value = SpanKeyValueList.from_dict(_kvlist_value)

        span_value = cls(
            string_value=string_value,
            bool_value=bool_value,
            int_value=int_value,
            double_value=double_value,
            bytes_value=bytes_value,
            array_value=array_value,
            kvlist_value=kvlist_value,
        )

        span_value.additional_properties = d
        return span_value

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
