"""What the tracing mount answers when the store refuses: MLflow's status and code for it.

What a REST handler says about ids that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from kayba_local.http.operation import Call, Problem, Reply
from kayba_local.otlp.records import InvalidSpans
from kayba_local.store.errors import AlreadyExists, DoesNotExist, InvalidValue


def refusing(handler: Callable[[Call], Reply | dict[str, Any]]) -> Callable[[Call], Reply | dict[str, Any]]:
    """A handler whose refusals by the store are answered as MLflow answers them."""

    @wraps(handler)
    def refuse(call: Call) -> Reply | dict[str, Any]:
        try:
            return handler(call)
        except DoesNotExist as problem:
            raise Problem(404, "RESOURCE_DOES_NOT_EXIST", str(problem)) from problem
        except AlreadyExists as problem:
            raise Problem(400, "RESOURCE_ALREADY_EXISTS", str(problem)) from problem
        except (InvalidValue, InvalidSpans) as problem:
            raise Problem(400, "INVALID_PARAMETER_VALUE", str(problem)) from problem

    return refuse


NAMED = 5
"""How many of the ids a message names."""


def unknown(kind: str, ids: Sequence[str]) -> Problem:
    """A 404 that names the ids of which there is no `kind`."""
    distinct = list(dict.fromkeys(ids))
    more = f" and {len(distinct) - NAMED} more" if len(distinct) > NAMED else ""
    return Problem(404, None, f"No {kind} of id {', '.join(distinct[:NAMED])}{more}.")
