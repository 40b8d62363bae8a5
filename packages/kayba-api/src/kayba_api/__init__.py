# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The Kayba API, typed: ``Kayba`` and ``AsyncKayba``, with a method for each operation.

Below them are ``Client`` and a module for each operation under ``kayba_api.api``; models are in ``kayba_api.models``.
Everything here is generated from the contract; see the README on how to change it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .client import Client
from .types import UNSET, EncodedBody, Response, Unset
from .unexpected import UnexpectedStatus

if TYPE_CHECKING:
    from .errors import (
        APIConnectionError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConflictError,
        InternalServerError,
        JobFailedError,
        KaybaError,
        NotFoundError,
        PayloadTooLargeError,
        PermissionDeniedError,
        RateLimitError,
        UnprocessableEntityError,
        WaitTimeoutError,
    )
    from .kayba import AsyncKayba, Kayba
    from .runtime.paging import AsyncPage, AsyncPages, Page
    from .runtime.raw import RawResponse

__all__ = (
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncKayba",
    "AsyncPage",
    "AsyncPages",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ConflictError",
    "EncodedBody",
    "InternalServerError",
    "JobFailedError",
    "Kayba",
    "KaybaError",
    "NotFoundError",
    "Page",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "Response",
    "UNSET",
    "UnexpectedStatus",
    "UnprocessableEntityError",
    "Unset",
    "WaitTimeoutError",
)

_LATER = {
    "APIConnectionError": ".errors",
    "APIResponseValidationError": ".errors",
    "APIStatusError": ".errors",
    "APITimeoutError": ".errors",
    "AsyncKayba": ".kayba",
    "AsyncPage": ".runtime.paging",
    "AsyncPages": ".runtime.paging",
    "AuthenticationError": ".errors",
    "BadRequestError": ".errors",
    "ConflictError": ".errors",
    "InternalServerError": ".errors",
    "JobFailedError": ".errors",
    "Kayba": ".kayba",
    "KaybaError": ".errors",
    "NotFoundError": ".errors",
    "Page": ".runtime.paging",
    "PayloadTooLargeError": ".errors",
    "PermissionDeniedError": ".errors",
    "RateLimitError": ".errors",
    "RawResponse": ".runtime.raw",
    "UnprocessableEntityError": ".errors",
    "WaitTimeoutError": ".errors",
}

# Whoever needs the low-level client alone, as tracing does, does not load the rest.
if not TYPE_CHECKING:

    def __getattr__(name):
        module = _LATER.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(module, __name__), name)
        return found

    def __dir__():
        return sorted({*globals(), *__all__})
