"""Errors of handlers: unknown ids on the REST mount, and store errors with MLflow's codes on the tracing mount."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, Final

from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.otlp.records import InvalidSpans
from kayba_local.store.errors import AlreadyExists, DoesNotExist, InvalidValue

MAX_NAMED_IDS: Final = 5
"""Ids that a message names."""


def not_found(kind: str, ids: Sequence[str]) -> Problem:
    """Return a 404 that names the unknown ids of a `kind`."""
    distinct = list(dict.fromkeys(ids))
    more = f" and {len(distinct) - MAX_NAMED_IDS} more" if len(distinct) > MAX_NAMED_IDS else ""
    return Problem(404, None, f"No {kind} of id {', '.join(distinct[:MAX_NAMED_IDS])}{more}.")


def convert_store_errors(handler: Handler) -> Handler:
    """Return a handler that raises store errors as `Problem` with MLflow's status and error code."""

    @wraps(handler)
    def convert(call: Call) -> Reply | dict[str, Any]:
        try:
            return handler(call)
        except DoesNotExist as error:
            raise Problem(404, "RESOURCE_DOES_NOT_EXIST", str(error)) from error
        except AlreadyExists as error:
            raise Problem(400, "RESOURCE_ALREADY_EXISTS", str(error)) from error
        except (InvalidValue, InvalidSpans) as error:
            raise Problem(400, "INVALID_PARAMETER_VALUE", str(error)) from error

    return convert
