# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ExperimentLifecycleStage = Literal["active", "deleted"]


def check_experiment_lifecycle_stage(value: str) -> ExperimentLifecycleStage:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(ExperimentLifecycleStage, value)
