# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""External services that traces are pulled from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import httpx

from .._call_steps import CallOptions, Operation
from .._calls import AsyncResource, Resource
from .._raw_response import async_to_raw_response_wrapper, to_raw_response_wrapper
from ..api.integrations import list_integrations, test_integration, update_integration
from ..models.integration_auth_type import (
    IntegrationAuthType,
)
from ..models.integration_config import IntegrationConfig
from ..models.integration_name import IntegrationName
from ..models.integration_test_result import IntegrationTestResult
from ..models.integrations import Integrations
from ..types import UNSET, Unset

_LIST: Final = Operation[Integrations](
    parse=list_integrations._parse_response,
    expected=(Integrations,),
    idempotent=True,
    conflict_is_final=False,
)

_UPDATE: Final = Operation[IntegrationConfig](
    parse=update_integration._parse_response,
    expected=(IntegrationConfig,),
    idempotent=True,
    conflict_is_final=False,
)

_TEST: Final = Operation[IntegrationTestResult](
    parse=test_integration._parse_response,
    expected=(IntegrationTestResult,),
    idempotent=True,
    conflict_is_final=False,
)


class IntegrationsResource(Resource):
    """External services that traces are pulled from."""

    @cached_property
    def with_raw_response(self) -> IntegrationsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return IntegrationsWithRawResponse(self)

    def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Integrations:
        """List integrations.

        Returns the configuration of every integration. Secrets are masked or omitted.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The integrations by name.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.integrations.list()
        """
        return self._calls.call(
            _LIST, list_integrations._get_kwargs(), CallOptions(timeout, max_retries, extra_headers)
        )

    def update(
        self,
        name: IntegrationName,
        *,
        enabled: bool,
        tracking_uri: None | str | Unset = UNSET,
        auth_type: IntegrationAuthType | None = None,
        token: None | str | Unset = UNSET,
        username: None | str | Unset = UNSET,
        experiment_name: None | str | Unset = UNSET,
        api_url: None | str | Unset = UNSET,
        api_key: None | str | Unset = UNSET,
        project_name: None | str | Unset = UNSET,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> IntegrationConfig:
        """Configure an integration.

        Replaces the configuration of an integration. Properties of other integrations are ignored. A secret that is
        omitted or sent back masked keeps its stored value.

        Args:
            name: The integration's name.
            enabled: True if traces are pulled.
            tracking_uri: The MLflow server (mlflow).
            auth_type: The authentication scheme of an MLflow server.
            token: The password or token; masked in responses (mlflow).
            username: The user name (mlflow with basic authentication).
            experiment_name: The experiment to pull from (mlflow).
            api_url: The LangSmith server (langsmith).
            api_key: The API key; masked in responses (langsmith).
            project_name: The project to pull from (langsmith).
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored configuration, with masked secrets.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.integrations.update(
            ...     "mlflow",
            ...     enabled=True,
            ...     tracking_uri="https://mlflow.example.com",
            ...     auth_type="bearer",
            ...     token="an-mlflow-token",
            ...     experiment_name="support",
            ... )
        """
        return self._calls.call(
            _UPDATE,
            update_integration._get_kwargs(
                name=name,
                body=IntegrationConfig(
                    enabled=enabled,
                    tracking_uri=tracking_uri,
                    auth_type=UNSET if auth_type is None else auth_type,
                    token=token,
                    username=username,
                    experiment_name=experiment_name,
                    api_url=api_url,
                    api_key=api_key,
                    project_name=project_name,
                ),
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def test(
        self,
        name: IntegrationName,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> IntegrationTestResult:
        """Test an integration.

        Connects with the stored configuration. A failed connection is a result and not an error: the response is
        200 with `connected` false and the reason in `error`.

        Args:
            name: The integration's name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The result of the connection.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.integrations.test("mlflow")
        """
        return self._calls.call(
            _TEST, test_integration._get_kwargs(name=name), CallOptions(timeout, max_retries, extra_headers)
        )


class AsyncIntegrationsResource(AsyncResource):
    """External services that traces are pulled from."""

    @cached_property
    def with_raw_response(self) -> AsyncIntegrationsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncIntegrationsWithRawResponse(self)

    async def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Integrations:
        """List integrations.

        Returns the configuration of every integration. Secrets are masked or omitted.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The integrations by name.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.integrations.list()
        """
        return await self._calls.call(
            _LIST, list_integrations._get_kwargs(), CallOptions(timeout, max_retries, extra_headers)
        )

    async def update(
        self,
        name: IntegrationName,
        *,
        enabled: bool,
        tracking_uri: None | str | Unset = UNSET,
        auth_type: IntegrationAuthType | None = None,
        token: None | str | Unset = UNSET,
        username: None | str | Unset = UNSET,
        experiment_name: None | str | Unset = UNSET,
        api_url: None | str | Unset = UNSET,
        api_key: None | str | Unset = UNSET,
        project_name: None | str | Unset = UNSET,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> IntegrationConfig:
        """Configure an integration.

        Replaces the configuration of an integration. Properties of other integrations are ignored. A secret that is
        omitted or sent back masked keeps its stored value.

        Args:
            name: The integration's name.
            enabled: True if traces are pulled.
            tracking_uri: The MLflow server (mlflow).
            auth_type: The authentication scheme of an MLflow server.
            token: The password or token; masked in responses (mlflow).
            username: The user name (mlflow with basic authentication).
            experiment_name: The experiment to pull from (mlflow).
            api_url: The LangSmith server (langsmith).
            api_key: The API key; masked in responses (langsmith).
            project_name: The project to pull from (langsmith).
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored configuration, with masked secrets.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.integrations.update(
            ...     "mlflow",
            ...     enabled=True,
            ...     tracking_uri="https://mlflow.example.com",
            ...     auth_type="bearer",
            ...     token="an-mlflow-token",
            ...     experiment_name="support",
            ... )
        """
        return await self._calls.call(
            _UPDATE,
            update_integration._get_kwargs(
                name=name,
                body=IntegrationConfig(
                    enabled=enabled,
                    tracking_uri=tracking_uri,
                    auth_type=UNSET if auth_type is None else auth_type,
                    token=token,
                    username=username,
                    experiment_name=experiment_name,
                    api_url=api_url,
                    api_key=api_key,
                    project_name=project_name,
                ),
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def test(
        self,
        name: IntegrationName,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> IntegrationTestResult:
        """Test an integration.

        Connects with the stored configuration. A failed connection is a result and not an error: the response is
        200 with `connected` false and the reason in `error`.

        Args:
            name: The integration's name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The result of the connection.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.integrations.test("mlflow")
        """
        return await self._calls.call(
            _TEST, test_integration._get_kwargs(name=name), CallOptions(timeout, max_retries, extra_headers)
        )


class IntegrationsWithRawResponse:
    """The methods of `IntegrationsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: IntegrationsResource) -> None:
        self.list = to_raw_response_wrapper(resource, IntegrationsResource.list)
        self.update = to_raw_response_wrapper(resource, IntegrationsResource.update)
        self.test = to_raw_response_wrapper(resource, IntegrationsResource.test)


class AsyncIntegrationsWithRawResponse:
    """The methods of `AsyncIntegrationsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncIntegrationsResource) -> None:
        self.list = async_to_raw_response_wrapper(resource, AsyncIntegrationsResource.list)
        self.update = async_to_raw_response_wrapper(resource, AsyncIntegrationsResource.update)
        self.test = async_to_raw_response_wrapper(resource, AsyncIntegrationsResource.test)
