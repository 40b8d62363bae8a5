# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

IntegrationAuthType = Literal["basic", "bearer", "databricks", "none"]


def check_integration_auth_type(value: str) -> IntegrationAuthType:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(IntegrationAuthType, value)
