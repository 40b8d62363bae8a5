"""What the tracing mount answers when the store refuses: MLflow's status and code for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from kayba_local.calls import Call, Problem, Reply
from kayba_local.otlp.records import InvalidSpans
from kayba_local.store.problems import AlreadyExists, DoesNotExist, InvalidValue


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
