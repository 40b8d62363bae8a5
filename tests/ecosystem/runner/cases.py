"""Helpers of the programs: the provider's address, and a call that is cancelled while the provider answers it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import urllib.request
from collections.abc import Coroutine
from typing import Any, Final

PROVIDER: Final = os.environ["PROVIDER_URL"]
OPENAI_URL: Final = f"{PROVIDER}/v1"
MODEL: Final = "gpt-4o-mini"
ANTHROPIC_MODEL: Final = "claude-sonnet-4-6"
EMBEDDING_MODEL: Final = "text-embedding-3-small"
KEY: Final = "sk-loopback"


def get_weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: The name of the city.
    """
    return "18 degrees, light rain" if city == "Paris" else "unknown"


WEATHER_SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


def count_requests() -> int:
    """Return the number of requests that the provider has received."""
    with urllib.request.urlopen(f"{PROVIDER}/", timeout=30) as response:
        return len(json.load(response))


def begin_case(name: str) -> None:
    """Tell the provider which case the following requests belong to."""
    request = urllib.request.Request(f"{PROVIDER}/case/{name}", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=30):
        pass


async def cancel_during_call(call: Coroutine[Any, Any, Any]) -> str:
    """Cancel a call once the provider has received its request."""
    before = await asyncio.to_thread(count_requests)
    task = asyncio.ensure_future(call)
    while await asyncio.to_thread(count_requests) == before and not task.done():
        await asyncio.sleep(0.02)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
        return "not cancelled"
    return "cancelled"
