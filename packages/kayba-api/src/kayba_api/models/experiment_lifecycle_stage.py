# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ExperimentLifecycleStage = Literal["active", "deleted"]


def check_experiment_lifecycle_stage(value: str) -> ExperimentLifecycleStage:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(ExperimentLifecycleStage, value)
