"""Hooks of schemathesis for formats and media types of the contract that it does not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

# Times that fit into 64-bit nanoseconds since 1970.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1700, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat),
)


@schemathesis.serializer("application/x-protobuf")
def protobuf(ctx: schemathesis.SerializationContext, value: Any) -> Any:
    """Send bytes unchanged: the server must detect an invalid message."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.deserializer("text/html")
def text(ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """Return the text: MLflow declares its version as HTML, but sends plain text."""
    return response.content.decode()
