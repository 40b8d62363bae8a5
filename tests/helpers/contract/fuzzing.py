"""Hooks for schemathesis: what it cannot make of the contract by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

# Times that nanoseconds since 1970 can say in 64 bits.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1700, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat),
)


@schemathesis.serializer("application/x-protobuf")
def protobuf(ctx: schemathesis.SerializationContext, value: Any) -> Any:
    """Bytes as they are; the server finds out whether they are a message."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.deserializer("text/html")
def text(ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """MLflow's version is declared as HTML and is plain text."""
    return response.content.decode()
