# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""What a call can raise.

    KaybaError
    ├── APIConnectionError               there was no whole answer
    │   └── APITimeoutError              not in time
    ├── APIStatusError                   the server refused
    │   ├── BadRequestError              400
    │   ├── AuthenticationError          401
    │   ├── PermissionDeniedError        403
    │   ├── NotFoundError                404
    │   ├── ConflictError                409
    │   ├── PayloadTooLargeError         413
    │   ├── UnprocessableEntityError     422
    │   ├── RateLimitError               429
    │   └── InternalServerError          500 and above
    ├── APIResponseValidationError       the answer is not of the contract
    ├── JobFailedError                   what was waited for ended in failure
    └── WaitTimeoutError                 what was waited for did not end in time

The functions in ``kayba_api.api`` raise none of these: see ``UnexpectedStatus``.
"""

from typing import Any


class KaybaError(Exception):
    """Anything that can go wrong with a call of ``Kayba`` or ``AsyncKayba``.

    Attributes:
        message: What went wrong, in the server's words if there are any.
        advice: What to do about it; empty when nobody but the caller can know.
        code: The error's code in the contract, e.g. ``"NOT_FOUND"``; None when the answer has none.
        status: The HTTP status; None when nothing was answered.
        request_id: The ``X-Request-Id`` of the answer; None when it has none.
        body: The answer's body: parsed when it is JSON, else text; None when it is empty.
        partial_result: What a call of several requests had done before one of them failed; else None.
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
    """There was no whole answer: no connection, a broken one, or one that does not speak HTTP.

    The call may have been carried out all the same.
    """


class APITimeoutError(APIConnectionError):
    """There was no whole answer in time. The call may have been carried out all the same."""


class APIStatusError(KaybaError):
    """The server answered with a status that is not success; with one that has no class below, this class itself.

    Attributes:
        retry_after: Seconds after which to try again, counted from the answer; None when it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the request is not what the operation takes; the message says where and why."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or not known."""


class PermissionDeniedError(APIStatusError):
    """403: the key is known but may not do this."""


class NotFoundError(APIStatusError):
    """404: nothing has this id or name."""


class ConflictError(APIStatusError):
    """409: the request is fine, but not as things are now."""


class PayloadTooLargeError(APIStatusError):
    """413: the body is over the operation's limit, and nothing of it was stored.

    Also raised, without a status and before anything is sent, for one item of a splitting upload that is over it alone.
    """


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed, but the server cannot make sense of it."""


class RateLimitError(APIStatusError):
    """429: too many requests. ``retry_after`` says how many seconds to wait, when the server said so."""


class InternalServerError(APIStatusError):
    """500 and above: the server, or a proxy in front of it, failed."""


class APIResponseValidationError(KaybaError):
    """The server says success, and the body is not what the contract describes: cut off, of a proxy, of another service.

    The call has most likely been carried out.
    """


class JobFailedError(KaybaError):
    """What was waited for ended in failure.

    Attributes:
        job: Its last state.
    """

    def __init__(self, message: str, *, job: Any = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.job = job


class WaitTimeoutError(KaybaError, TimeoutError):
    """What was waited for did not end in time. It goes on, and can be waited for again.

    Attributes:
        job: Its last known state; None when it was never read.
    """

    def __init__(self, message: str, *, job: Any = None, **answer: Any) -> None:
        super().__init__(message, **answer)
        self.job = job
