"""Errors of ace-tracing.

    TracingError
    ├── ConfigurationError   (also a ValueError)   no key, a wrong argument, configure() not called
    │   └── ArgumentError    (also a TypeError)    a wrong argument of @trace
    ├── NotFoundError        (also a LookupError)  an unknown trace or experiment
    └── ServiceError                               the service is unreachable, or rejected a request
        └── ServiceTimeoutError  (also a TimeoutError)  no complete response in time

A traced function never raises them. Only `@trace`, `configure`, `set_folder`, `flush` and `shutdown`, `get_trace` and
`search_traces`, their asynchronous forms, and `log_feedback` do.
"""

from __future__ import annotations


class TracingError(Exception):
    """Base class of every error that ace-tracing raises."""


class ConfigurationError(TracingError, ValueError):
    """Invalid configuration. The message names the argument or variable to set."""


class ArgumentError(ConfigurationError, TypeError):
    """Wrong argument of `@trace`, when a function is decorated. The message contains the correct ones."""


class NotFoundError(TracingError, LookupError):
    """Unknown trace or experiment."""


class ServiceError(TracingError):
    """Failed request: the service is unreachable, or it rejected the request.

    Attributes:
        status: The HTTP status of the response. None without a response.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ServiceTimeoutError(ServiceError, TimeoutError):
    """No complete response in time. The message contains the limit and the argument that extends it."""

    def __init__(self, message: str, status: int | None = None) -> None:
        # Not passed on: with two arguments, `OSError` takes the first one as an error number.
        super().__init__(message)
        self.status = status
