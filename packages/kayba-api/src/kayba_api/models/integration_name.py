# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

IntegrationName = Literal["langsmith", "mlflow"]


def check_integration_name(value: str) -> IntegrationName:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(IntegrationName, value)
