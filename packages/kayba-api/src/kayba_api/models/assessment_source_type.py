# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

AssessmentSourceType = Literal["CODE", "HUMAN", "LLM_JUDGE", "SOURCE_TYPE_UNSPECIFIED"]


def check_assessment_source_type(value: str) -> AssessmentSourceType:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(AssessmentSourceType, value)
