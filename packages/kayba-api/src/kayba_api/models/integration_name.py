# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

IntegrationName = Literal["langsmith", "mlflow"]


def check_integration_name(value: str) -> IntegrationName:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(IntegrationName, value)
