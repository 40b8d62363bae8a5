"""Every error a user of ace-tracing can meet.

    TracingError
    ├── ConfigurationError   (also a ValueError)   no key, a base URL that is none, configure() not called
    ├── NotFoundError        (also a LookupError)  an unknown trace or experiment
    └── ServiceError                               the service could not be reached, or refused

None of them is ever raised inside a traced function: only `configure`, `get_trace` and `search_traces` raise.
"""

from __future__ import annotations


class TracingError(Exception):
    """Base of every error that ace-tracing raises."""


class ConfigurationError(TracingError, ValueError):
    """Tracing cannot start as configured; the message says which argument or variable to set."""


class NotFoundError(TracingError, LookupError):
    """The service knows no trace or experiment of that name."""


class ServiceError(TracingError):
    """The service could not be reached or refused the request.

    Attributes:
        status: the HTTP status it answered with, or None when there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
