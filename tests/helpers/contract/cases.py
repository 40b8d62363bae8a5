"""Case classes of the operations' tests, and values that several cases send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.helpers.contract.prepared_server import PreparedServer

from kayba_api import models
from kayba_api.models import (
    CreateAssessmentRequest,
)

Arguments = Callable[[PreparedServer], dict[str, Any]]

NO_ID = "nothing-has-this-id"
NO_TRACE = "tr-00000000000000000000000000000abc"
NO_EXPERIMENT = "999999999"


@dataclass(frozen=True)
class SuccessCase:
    """A successful call.

    Attributes:
        operation: The operationId.
        arguments: Returns the arguments of the call.
        returns: The class of the parsed response; None for a response without content.
        holds: Returns whether the parsed response is correct.
        status: The expected status.
        needs: The attribute of `PreparedServer` to create first, if the arguments do not; empty for none.
    """

    operation: str
    arguments: Arguments
    returns: type | None
    holds: Callable[[Any, PreparedServer], bool] = lambda parsed, prepared: True
    status: int = 200
    needs: str = ""


@dataclass(frozen=True)
class ErrorCase:
    """A call whose arguments cause an error status.

    Attributes:
        operation: The operationId.
        status: The expected status.
        arguments: Returns the arguments of the call.
        message_part: A part of the expected message.
        needs: The attribute of `PreparedServer` to create first, if the arguments do not; empty for none.
    """

    operation: str
    status: int
    arguments: Arguments
    message_part: str = ""
    needs: str = ""


def location(experiment: str) -> models.TraceLocation:
    return models.TraceLocation("MLFLOW_EXPERIMENT", models.MlflowExperimentLocation(experiment))


def assessment(**changed: Any) -> CreateAssessmentRequest:
    sent = {
        "assessment_name": "correct",
        "source": {"source_type": "HUMAN", "source_id": "me"},
        "feedback": {"value": {"score": 0.5, "of": [1, None]}},
        "rationale": "half of it",
        **changed,
    }
    return CreateAssessmentRequest.from_dict({"assessment": sent})
