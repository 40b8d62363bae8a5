# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""The errors that a call can raise.

    KaybaError
    ├── APIConnectionError               no complete response
    │   └── APITimeoutError              no complete response in time
    ├── APIStatusError                   the server returned an error status
    │   ├── BadRequestError              400
    │   ├── AuthenticationError          401
    │   ├── PermissionDeniedError        403
    │   ├── NotFoundError                404
    │   ├── ConflictError                409
    │   ├── PayloadTooLargeError         413
    │   ├── UnprocessableEntityError     422
    │   ├── RateLimitError               429
    │   └── InternalServerError          500 and above
    ├── APIResponseValidationError       the response does not match the contract
    ├── JobFailedError                   the job that was waited for failed
    └── WaitTimeoutError                 the job that was waited for did not end in time

The functions in `kayba_api.api` raise none of these; see `UnexpectedStatus`.
"""

from typing import Any


class KaybaError(Exception):
    """The base class of all errors of a call of `Kayba` or `AsyncKayba`.

    Attributes:
        message: The server's message if the response contains one, else a description of the failure.
        advice: A hint on how to fix it; empty if there is none.
        code: The error code of the contract, e.g. `"NOT_FOUND"`; None if the response contains none.
        status: The HTTP status; None without a response.
        request_id: The `X-Request-Id` of the response; None without one.
        body: The response body: the parsed JSON, else text; None if it is empty.
        partial_result: The merged result of the requests before the failed one, for a call that sends several; else
            None.
    """

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code
        self.status = status
        self.request_id = request_id
        self.body = body
        self.partial_result: Any = None

    def __str__(self) -> str:
        kind = " ".join(str(part) for part in (self.status, self.code) if part is not None)
        text = f"{kind}: {self.message}" if kind else self.message
        if self.request_id is not None:
            text += f" (request {self.request_id})"
        return f"{text} {self.advice}".rstrip()


class APIConnectionError(KaybaError):
    """No complete response: no connection, a broken one, or a response that is not HTTP.

    The server may have carried out the call.
    """


class APITimeoutError(APIConnectionError):
    """No complete response in time. The server may have carried out the call."""


class APIStatusError(KaybaError):
    """The server returned an error status. A status without a subclass raises this class itself.

    Attributes:
        retry_after: Seconds after which to try again, counted from the response; None if the server gives no time.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the request is invalid. The message names the place and the reason."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing or unknown."""


class PermissionDeniedError(APIStatusError):
    """403: the API key has no permission for this operation."""


class NotFoundError(APIStatusError):
    """404: no object has this id or name."""


class ConflictError(APIStatusError):
    """409: the request is valid, but conflicts with the current state."""


class PayloadTooLargeError(APIStatusError):
    """413: the body is over the operation's limit. Nothing was stored.

    Also raised without a status, before anything is sent, if one item of a batch upload alone is over the limit.
    """


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed, but the server cannot process it."""


class RateLimitError(APIStatusError):
    """429: too many requests. `retry_after` is the number of seconds to wait, if the server gives one."""


class InternalServerError(APIStatusError):
    """500 and above: the server or a proxy in front of it failed."""


class APIResponseValidationError(KaybaError):
    """The status is a success, but the body does not match the contract: truncated, from a proxy or another service.

    The server has most likely carried out the call.
    """


class JobFailedError(KaybaError):
    """The job that was waited for failed.

    Attributes:
        job: The job in its last state.
    """

    def __init__(self, message: str, *, job: Any = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.job = job


class WaitTimeoutError(KaybaError, TimeoutError):
    """The job that was waited for did not end in time. It goes on, and can be waited for again.

    Attributes:
        job: The job in its last known state; None if no response arrived.
    """

    def __init__(self, message: str, *, job: Any = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.job = job
