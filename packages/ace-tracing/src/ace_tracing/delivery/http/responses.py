"""What the service's answer to spans means. The table is OTLP's, where OTLP has a word on it.

OTLP/HTTP: 429, 502, 503 and 504 may be tried again, and so may a connection that failed; `Retry-After` is to be
honoured; 400 is not tried again, and neither is a request that was taken in part. It says nothing of what can be
mended by those who run the service or the process: there the data is held, and not thrown away. Further ones are tried
again that OTLP would give up on (408, 500, other 5xx): spans are stored by id, so sending them twice does no harm.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any, Protocol

import orjson

from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.otlp.response import said_by_json, said_by_protobuf

CONTENT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Something in the request is at fault; the rest may be taken without that."""

KEY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})
"""Whose request it is, is at fault."""

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""The same request may go through later; and so it may after any 5xx but `NEVER`."""

NEVER = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
"""Answers of 5xx that say something lasting about the server."""

NO_OTLP = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""Answers of a server that cannot take spans by OTLP, 404 only where it is not about the experiment."""

NOT_KAYBA = "answered {status} with something else than Kayba's API would: {body}"
LONGEST_QUOTE = 200

_SECONDS = re.compile(r"\d{1,12}(\.\d*)?")


class Answer(Protocol):
    """What came back, from the service or from something before it."""

    status_code: int
    content: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""


def outcome_of(answer: Answer) -> ExportResult:
    """What has become of spans, given the answer to the request that stores them."""
    status = answer.status_code
    if 200 <= status < 300:
        said = _said(answer)
        # Whoever logs in at a captive portal, or ends a proxy's outage, gets the service back without a further word.
        return Retryable(NOT_KAYBA.format(status=status, body=_quote(answer))) if said is None else said
    reason = f"HTTP {status} {_quote(answer)}".strip()
    if status in CONTENT:
        return Rejected(reason, for_content=True, for_size=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if status in KEY:
        return Blocked(reason, "key")
    if status in LATER or (status >= 500 and status not in NEVER):
        return Retryable(reason, _retry_after(answer.headers), inside=status == HTTPStatus.INTERNAL_SERVER_ERROR)
    # Redirects among them: followed, they would take the key to another host.
    return Blocked(reason, "address")


def is_success(answer: Answer) -> bool:
    """Whether it is a success that the service itself has answered."""
    return isinstance(outcome_of(answer), Delivered)


def is_missing(answer: Answer) -> bool:
    """Whether what the request names is not there: an experiment, a trace, a file. Another 404 is about the address."""
    if answer.status_code != HTTPStatus.NOT_FOUND:
        return False
    content = _json(answer.content)
    return isinstance(content, dict) and content.get("error_code") == "RESOURCE_DOES_NOT_EXIST"


def is_page(answer: Answer) -> bool:
    """Whether it is for a person to look at: a proxy's, a captive portal's, or a site's for whatever it has not."""
    return _media_type(answer) == "text/html"


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _said(answer: Answer) -> Delivered | None:
    """What a success says; None when it is none of OTLP's, whatever its status."""
    if is_page(answer):
        return None
    if not answer.content:
        return Delivered()
    try:
        if _media_type(answer) == "application/x-protobuf":
            return Delivered(*said_by_protobuf(answer.content))
        return Delivered(*said_by_json(orjson.loads(answer.content)))
    except ValueError:
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its forms; None when there is none that can be read."""
    asked = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(asked):
        return float(asked)
    until = _moment(asked)
    if until is None:
        return None
    # Both by the clock of the one who answered, if it tells it: ours may be wrong.
    now = _moment(headers.get("date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def _moment(date: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None when it is none."""
    # Here, since it takes half of the standard library's mail and network modules with it.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _quote(answer: Answer) -> str:
    return " ".join(answer.content[:LONGEST_QUOTE].decode(errors="replace").split())


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return None
