# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.integration_auth_type import (
    IntegrationAuthType,
    check_integration_auth_type,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="MlflowIntegration")


@_attrs_define
class MlflowIntegration:
    """The source of MLflow traces.

    Attributes:
        enabled (bool): True if traces are pulled.
        tracking_uri (None | str | Unset): The MLflow server.
        auth_type (IntegrationAuthType | Unset): The authentication scheme of an MLflow server.
        token (None | str | Unset): The password or token, masked.
        username (None | str | Unset): The user name.
        experiment_name (None | str | Unset): The experiment to pull from.
    """

    enabled: bool
    tracking_uri: None | str | Unset = UNSET
    auth_type: IntegrationAuthType | Unset = UNSET
    token: None | str | Unset = UNSET
    username: None | str | Unset = UNSET
    experiment_name: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        enabled = self.enabled

        tracking_uri: None | str | Unset
        if isinstance(self.tracking_uri, Unset):
            tracking_uri = UNSET
        else:
            tracking_uri = self.tracking_uri

        auth_type: str | Unset = UNSET
        if not isinstance(self.auth_type, Unset):
            auth_type = self.auth_type

        token: None | str | Unset
        if isinstance(self.token, Unset):
            token = UNSET
        else:
            token = self.token

        username: None | str | Unset
        if isinstance(self.username, Unset):
            username = UNSET
        else:
            username = self.username

        experiment_name: None | str | Unset
        if isinstance(self.experiment_name, Unset):
            experiment_name = UNSET
        else:
            experiment_name = self.experiment_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "enabled": enabled,
            }
        )
        if tracking_uri is not UNSET:
            field_dict["trackingUri"] = tracking_uri
        if auth_type is not UNSET:
            field_dict["authType"] = auth_type
        if token is not UNSET:
            field_dict["token"] = token
        if username is not UNSET:
            field_dict["username"] = username
        if experiment_name is not UNSET:
            field_dict["experimentName"] = experiment_name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        enabled = d.pop("enabled")

        def _parse_tracking_uri(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tracking_uri = _parse_tracking_uri(d.pop("trackingUri", UNSET))

        _auth_type = d.pop("authType", UNSET)
        auth_type: IntegrationAuthType | Unset
        if isinstance(_auth_type, Unset):
            auth_type = UNSET
        else:
            auth_type = check_integration_auth_type(_auth_type)

        def _parse_token(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        token = _parse_token(d.pop("token", UNSET))

        def _parse_username(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        username = _parse_username(d.pop("username", UNSET))

        def _parse_experiment_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        experiment_name = _parse_experiment_name(d.pop("experimentName", UNSET))

        mlflow_integration = cls(
            enabled=enabled,
            tracking_uri=tracking_uri,
            auth_type=auth_type,
            token=token,
            username=username,
            experiment_name=experiment_name,
        )

        mlflow_integration.additional_properties = d
        return mlflow_integration

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
