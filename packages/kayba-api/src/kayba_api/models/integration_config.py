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

T = TypeVar("T", bound="IntegrationConfig")


@_attrs_define
class IntegrationConfig:
    """The configuration of an integration.

    Attributes:
        enabled (bool): True if traces are pulled.
        tracking_uri (None | str | Unset): The MLflow server (mlflow).
        auth_type (IntegrationAuthType | Unset): The authentication scheme of an MLflow server.
        token (None | str | Unset): The password or token; masked in responses (mlflow).
        username (None | str | Unset): The user name (mlflow with basic authentication).
        experiment_name (None | str | Unset): The experiment to pull from (mlflow).
        api_url (None | str | Unset): The LangSmith server (langsmith).
        api_key (None | str | Unset): The API key; masked in responses (langsmith).
        project_name (None | str | Unset): The project to pull from (langsmith).
    """

    enabled: bool
    tracking_uri: None | str | Unset = UNSET
    auth_type: IntegrationAuthType | Unset = UNSET
    token: None | str | Unset = UNSET
    username: None | str | Unset = UNSET
    experiment_name: None | str | Unset = UNSET
    api_url: None | str | Unset = UNSET
    api_key: None | str | Unset = UNSET
    project_name: None | str | Unset = UNSET
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

        api_url: None | str | Unset
        if isinstance(self.api_url, Unset):
            api_url = UNSET
        else:
            api_url = self.api_url

        api_key: None | str | Unset
        if isinstance(self.api_key, Unset):
            api_key = UNSET
        else:
            api_key = self.api_key

        project_name: None | str | Unset
        if isinstance(self.project_name, Unset):
            project_name = UNSET
        else:
            project_name = self.project_name

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
        if api_url is not UNSET:
            field_dict["apiUrl"] = api_url
        if api_key is not UNSET:
            field_dict["apiKey"] = api_key
        if project_name is not UNSET:
            field_dict["projectName"] = project_name

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

        def _parse_api_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        api_url = _parse_api_url(d.pop("apiUrl", UNSET))

        def _parse_api_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        api_key = _parse_api_key(d.pop("apiKey", UNSET))

        def _parse_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_name = _parse_project_name(d.pop("projectName", UNSET))

        integration_config = cls(
            enabled=enabled,
            tracking_uri=tracking_uri,
            auth_type=auth_type,
            token=token,
            username=username,
            experiment_name=experiment_name,
            api_url=api_url,
            api_key=api_key,
            project_name=project_name,
        )

        integration_config.additional_properties = d
        return integration_config

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
