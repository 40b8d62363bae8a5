"""Coroutines are traced until they end, and tasks are children of what started them."""

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
    """Read all pages at once; give the number of characters."""
    texts = await asyncio.gather(*(fetch(page) for page in pages))
    return sum(len(text) for text in texts)


if __name__ == "__main__":
    print(asyncio.run(research(["a", "b", "c"])))
