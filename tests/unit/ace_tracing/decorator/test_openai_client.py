"""`@trace` on the methods of openai's async client, which are plain functions that return a coroutine."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import openai
import pytest

from ace_tracing import trace
from ace_tracing.testing import CapturedTraces, capture_traces

COMPLETION: Final = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


class Provider(ThreadingHTTPServer):
    """A provider on loopback that answers, fails, or waits until it is released."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = threading.Event()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.received.set()
        if asked["model"] == "slow":
            self.server.released.wait()
        status = 404 if asked["model"] == "unknown" else 200
        body = json.dumps(COMPLETION if status == 200 else {"error": {"message": "no such model"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


async def create(provider: Provider, model: str) -> Any:
    """Call the traced method of a new client."""
    async with openai.AsyncOpenAI(base_url=provider.url, api_key="none", max_retries=0) as client:
        call: Any = trace(client.chat.completions.create)
        return await call(model=model, messages=[{"role": "user", "content": "The capital of France?"}])


@pytest.fixture
def traces() -> Iterator[CapturedTraces]:
    with capture_traces() as captured:
        yield captured


def test_traced_create_method_records_the_awaited_answer(provider: Provider, traces: CapturedTraces) -> None:
    answer = asyncio.run(create(provider, "gpt-4o"))
    assert type(answer).__name__ == "ChatCompletion"
    assert answer.choices[0].message.content == "Paris"
    (span,) = traces[0].data.spans
    assert (span.name, span.status.status_code) == ("create", "OK")
    assert span.inputs["model"] == "gpt-4o"
    assert span.outputs["choices"][0]["message"]["content"] == "Paris"


def test_span_of_a_create_method_lasts_as_long_as_the_request(provider: Provider, traces: CapturedTraces) -> None:
    async def main() -> None:
        task = asyncio.create_task(create(provider, "slow"))
        while not provider.received.is_set():
            await asyncio.sleep(0.001)
        assert len(traces) == 0
        provider.released.set()
        await task

    asyncio.run(main())
    assert traces[0].data.spans[0].outputs["choices"][0]["message"]["content"] == "Paris"


def test_error_of_a_create_method_is_recorded(provider: Provider, traces: CapturedTraces) -> None:
    with pytest.raises(openai.NotFoundError):
        asyncio.run(create(provider, "unknown"))
    (span,) = traces[0].data.spans
    assert span.status.status_code == "ERROR"
    assert span.status.description.startswith("openai.NotFoundError: Error code: 404")


def test_cancelled_create_method_is_recorded(provider: Provider, traces: CapturedTraces) -> None:
    async def main() -> None:
        task = asyncio.create_task(create(provider, "slow"))
        while not provider.received.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (span,) = traces[0].data.spans
    assert (span.status.status_code, span.status.description) == ("ERROR", "asyncio.exceptions.CancelledError")
