# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="IntegrationTestResult")


@_attrs_define
class IntegrationTestResult:
    """The result of a connection to an integration.

    Attributes:
        connected (bool): True if the other server responded as expected.
        mlflow_version (None | str | Unset): The version of the MLflow server.
        experiment_count (int | None | Unset): The number of experiments on the server.
        error (None | str | Unset): The reason of the failure.
    """

    connected: bool
    mlflow_version: None | str | Unset = UNSET
    experiment_count: int | None | Unset = UNSET
    error: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        connected = self.connected

        mlflow_version: None | str | Unset
        if isinstance(self.mlflow_version, Unset):
            mlflow_version = UNSET
        else:
            mlflow_version = self.mlflow_version

        experiment_count: int | None | Unset
        if isinstance(self.experiment_count, Unset):
            experiment_count = UNSET
        else:
            experiment_count = self.experiment_count

        error: None | str | Unset
        if isinstance(self.error, Unset):
            error = UNSET
        else:
            error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "connected": connected,
            }
        )
        if mlflow_version is not UNSET:
            field_dict["mlflowVersion"] = mlflow_version
        if experiment_count is not UNSET:
            field_dict["experimentCount"] = experiment_count
        if error is not UNSET:
            field_dict["error"] = error

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        connected = d.pop("connected")

        def _parse_mlflow_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        mlflow_version = _parse_mlflow_version(d.pop("mlflowVersion", UNSET))

        def _parse_experiment_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        experiment_count = _parse_experiment_count(d.pop("experimentCount", UNSET))

        def _parse_error(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error = _parse_error(d.pop("error", UNSET))

        integration_test_result = cls(
            connected=connected,
            mlflow_version=mlflow_version,
            experiment_count=experiment_count,
            error=error,
        )

        integration_test_result.additional_properties = d
        return integration_test_result

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
