# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.langsmith_integration import LangsmithIntegration
    from ..models.mlflow_integration import MlflowIntegration


T = TypeVar("T", bound="Integrations")


@_attrs_define
class Integrations:
    """All integrations by name.

    Attributes:
        mlflow (MlflowIntegration): The source of MLflow traces.
        langsmith (LangsmithIntegration): The source of LangSmith traces.
    """

    mlflow: MlflowIntegration
    langsmith: LangsmithIntegration
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        mlflow = self.mlflow.to_dict()

        langsmith = self.langsmith.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "mlflow": mlflow,
                "langsmith": langsmith,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.langsmith_integration import LangsmithIntegration  # noqa: PLC0415
        from ..models.mlflow_integration import MlflowIntegration  # noqa: PLC0415

        d = dict(src_dict)
        mlflow = MlflowIntegration.from_dict(d.pop("mlflow"))

        langsmith = LangsmithIntegration.from_dict(d.pop("langsmith"))

        integrations = cls(
            mlflow=mlflow,
            langsmith=langsmith,
        )

        integrations.additional_properties = d
        return integrations

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
