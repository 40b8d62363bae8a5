# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.instrumentation_scope import InstrumentationScope
    from ..models.otlp_span import OtlpSpan


T = TypeVar("T", bound="ScopeSpans")


@_attrs_define
class ScopeSpans:
    """Spans of one library.

    Attributes:
        scope (InstrumentationScope | Unset): The library that created the spans.
        spans (list[OtlpSpan] | Unset):
        schema_url (str | Unset):
    """

    scope: InstrumentationScope | Unset = UNSET
    spans: list[OtlpSpan] | Unset = UNSET
    schema_url: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        scope: dict[str, Any] | Unset = UNSET
        if not isinstance(self.scope, Unset):
            scope = self.scope.to_dict()

        spans: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.spans, Unset):
            spans = []
            for spans_item_data in self.spans:
                spans_item = spans_item_data.to_dict()
                spans.append(spans_item)

        schema_url = self.schema_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if scope is not UNSET:
            field_dict["scope"] = scope
        if spans is not UNSET:
            field_dict["spans"] = spans
        if schema_url is not UNSET:
            field_dict["schemaUrl"] = schema_url

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.instrumentation_scope import InstrumentationScope  # noqa: PLC0415
        from ..models.otlp_span import OtlpSpan  # noqa: PLC0415

        d = dict(src_dict)
        _scope = d.pop("scope", UNSET)
        scope: InstrumentationScope | Unset
        if isinstance(_scope, Unset):
            scope = UNSET
        else:
            scope = InstrumentationScope.from_dict(_scope)

        _spans = d.pop("spans", UNSET)
        spans: list[OtlpSpan] | Unset = UNSET
        if _spans is not UNSET:
            spans = []
            for spans_item_data in _spans:
                spans_item = OtlpSpan.from_dict(spans_item_data)

                spans.append(spans_item)

        schema_url = d.pop("schemaUrl", UNSET)

        scope_spans = cls(
            scope=scope,
            spans=spans,
            schema_url=schema_url,
        )

        scope_spans.additional_properties = d
        return scope_spans

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
