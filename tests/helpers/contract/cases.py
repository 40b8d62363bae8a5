"""What a row of the tables says, and what several rows send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.helpers.contract.prepared_server import World

from kayba_api import models
from kayba_api.models import (
    CreateAssessmentRequest,
)

Arguments = Callable[[World], dict[str, Any]]

NO_ID = "nothing-has-this-id"
NO_TRACE = "tr-00000000000000000000000000000abc"
NO_EXPERIMENT = "999999999"


@dataclass(frozen=True)
class Success:
    """A call that succeeds: with which arguments, what it gives, and what must hold of that.

    `needs` names what must be in the world before, where the arguments do not.
    """

    operation: str
    arguments: Arguments
    gives: type | None
    holds: Callable[[Any, World], bool] = lambda answer, world: True
    status: int = 200
    needs: str = ""


@dataclass(frozen=True)
class Refusal:
    """A call that is refused with a status because of its arguments."""

    operation: str
    status: int
    arguments: Arguments
    says: str = ""
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
