"""Traced coroutines: a span ends with its coroutine, and the span of a task is a child of the span that started it."""

import asyncio

from ace.tracing import configure, trace

configure(folder="examples/async")


@trace(span_type="TOOL")
async def fetch(page: str) -> str:
    """Read a page, slowly."""
    await asyncio.sleep(0.01)
    return f"content of {page}"


@trace(span_type="AGENT")
async def research(pages: list[str]) -> int:
    """Read all pages concurrently, and return their number of characters."""
    texts = await asyncio.gather(*(fetch(page) for page in pages))
    return sum(len(text) for text in texts)


if __name__ == "__main__":
    print(asyncio.run(research(["a", "b", "c"])))
