# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The typed client of the Kayba API: `Kayba` and `AsyncKayba`, with a method for each operation.

`Client` and the functions in `kayba_api.api` are the low-level client. The models are in `kayba_api.models`. The package
is generated from the contract; openapi/README.md describes how to change it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .client import Client
from .types import UNSET, EncodedBody, Response, Unset
from .unexpected import ResponseTooLarge, ResponseTooSlow, UnexpectedStatus

if TYPE_CHECKING:
    from ._pages import AsyncPage, AsyncPages, Page
    from ._raw_response import RawResponse
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
    "ResponseTooLarge",
    "ResponseTooSlow",
    "UNSET",
    "UnexpectedStatus",
    "UnprocessableEntityError",
    "Unset",
    "WaitTimeoutError",
)

_LAZY = {
    "APIConnectionError": ".errors",
    "APIResponseValidationError": ".errors",
    "APIStatusError": ".errors",
    "APITimeoutError": ".errors",
    "AsyncKayba": ".kayba",
    "AsyncPage": "._pages",
    "AsyncPages": "._pages",
    "AuthenticationError": ".errors",
    "BadRequestError": ".errors",
    "ConflictError": ".errors",
    "InternalServerError": ".errors",
    "JobFailedError": ".errors",
    "Kayba": ".kayba",
    "KaybaError": ".errors",
    "NotFoundError": ".errors",
    "Page": "._pages",
    "PayloadTooLargeError": ".errors",
    "PermissionDeniedError": ".errors",
    "RateLimitError": ".errors",
    "RawResponse": "._raw_response",
    "UnprocessableEntityError": ".errors",
    "WaitTimeoutError": ".errors",
}

# Tracing uses the low-level client alone, so the rest is imported on first use.
if not TYPE_CHECKING:

    def __getattr__(name):
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(module, __name__), name)
        return found

    def __dir__():
        return sorted({*globals(), *__all__})
