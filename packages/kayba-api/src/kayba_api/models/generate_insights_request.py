# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.model import Model, check_model
from ..models.reflector_mode import ReflectorMode, check_reflector_mode
from ..types import UNSET, Unset

T = TypeVar("T", bound="GenerateInsightsRequest")


@_attrs_define
class GenerateInsightsRequest:
    """The traces to read, and settings of the analysis.

    Attributes:
        trace_ids (list[str] | Unset): The traces to read: ids of trace files and, if the server stores span trees, ids
            of those (`tr-…`). Default: all
            traces of both kinds.
        model (Model | Unset): The model that reads the trace files.
        epochs (int | Unset): Number of passes over the traces. An analysis without a model finds the same results in
            every pass, so it does
            only one.
             Default: 1.
        reflector_mode (ReflectorMode | Unset): The way in which trace files are read.
        anthropic_api_key (str | Unset): An API key of the model's provider, used for this job instead of the server's
            key. It is not stored.
    """

    trace_ids: list[str] | Unset = UNSET
    model: Model | Unset = UNSET
    epochs: int | Unset = 1
    reflector_mode: ReflectorMode | Unset = UNSET
    anthropic_api_key: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_ids: list[str] | Unset = UNSET
        if not isinstance(self.trace_ids, Unset):
            trace_ids = self.trace_ids

        model: str | Unset = UNSET
        if not isinstance(self.model, Unset):
            model = self.model

        epochs = self.epochs

        reflector_mode: str | Unset = UNSET
        if not isinstance(self.reflector_mode, Unset):
            reflector_mode = self.reflector_mode

        anthropic_api_key = self.anthropic_api_key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if trace_ids is not UNSET:
            field_dict["traceIds"] = trace_ids
        if model is not UNSET:
            field_dict["model"] = model
        if epochs is not UNSET:
            field_dict["epochs"] = epochs
        if reflector_mode is not UNSET:
            field_dict["reflectorMode"] = reflector_mode
        if anthropic_api_key is not UNSET:
            field_dict["anthropicApiKey"] = anthropic_api_key

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        trace_ids = cast(list[str], d.pop("traceIds", UNSET))

        _model = d.pop("model", UNSET)
        model: Model | Unset
        if isinstance(_model, Unset):
            model = UNSET
        else:
            model = check_model(_model)

        epochs = d.pop("epochs", UNSET)

        _reflector_mode = d.pop("reflectorMode", UNSET)
        reflector_mode: ReflectorMode | Unset
        if isinstance(_reflector_mode, Unset):
            reflector_mode = UNSET
        else:
            reflector_mode = check_reflector_mode(_reflector_mode)

        anthropic_api_key = d.pop("anthropicApiKey", UNSET)

        generate_insights_request = cls(
            trace_ids=trace_ids,
            model=model,
            epochs=epochs,
            reflector_mode=reflector_mode,
            anthropic_api_key=anthropic_api_key,
        )

        generate_insights_request.additional_properties = d
        return generate_insights_request

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
