# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.trace_location_type import TraceLocationType, check_trace_location_type

if TYPE_CHECKING:
    from ..models.mlflow_experiment_location import MlflowExperimentLocation


T = TypeVar("T", bound="TraceLocation")


@_attrs_define
class TraceLocation:
    """The location of a trace.

    Attributes:
        type_ (TraceLocationType):
        mlflow_experiment (MlflowExperimentLocation): The experiment that a trace belongs to.
    """

    type_: TraceLocationType
    mlflow_experiment: MlflowExperimentLocation
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        mlflow_experiment = self.mlflow_experiment.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "mlflow_experiment": mlflow_experiment,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.mlflow_experiment_location import MlflowExperimentLocation  # noqa: PLC0415

        d = dict(src_dict)
        type_ = check_trace_location_type(d.pop("type"))

        mlflow_experiment = MlflowExperimentLocation.from_dict(d.pop("mlflow_experiment"))

        trace_location = cls(
            type_=type_,
            mlflow_experiment=mlflow_experiment,
        )

        trace_location.additional_properties = d
        return trace_location

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
