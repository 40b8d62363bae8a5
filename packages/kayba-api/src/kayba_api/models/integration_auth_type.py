# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

IntegrationAuthType = Literal["basic", "bearer", "databricks", "none"]


def check_integration_auth_type(value: str) -> IntegrationAuthType:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(IntegrationAuthType, value)
