"""Cost of a traced stream of OpenAI's client for each chunk, beside the client's own cost to read a chunk.

    hatch run bench:client-streams [--chunks 2000] [--rounds 15]

The client reads the same bytes from memory in all variants, which alternate in one process. Figures are medians over
the rounds, of the CPU time of the caller's thread. A ratio is the median of the ratios within each round, so it also
holds on other or busy machines.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk
from servers import refusing_address

import ace_tracing

CHUNK: Final = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini",'
    '"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
)


def make_client(chunks: int) -> openai.OpenAI:
    """Return a client that gets a stream of chunks for each request."""
    body = (CHUNK * chunks + "data: [DONE]\n\n").encode()

    def respond(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    transport = httpx2.MockTransport(respond)
    return openai.OpenAI(api_key="key", http_client=openai.DefaultHttpxClient(transport=transport))


def measure(read: Callable[[], Iterator[Any]], chunks: int) -> float:
    """Return the microseconds of the caller's thread for each chunk."""
    gc.collect()
    start = time.thread_time()
    count = sum(1 for _ in read())
    seconds = time.thread_time() - start
    assert count == chunks
    return seconds / chunks * 1e6


def main() -> None:
    """Measure the variants, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    client = make_client(options.chunks)

    def ask() -> openai.Stream[ChatCompletionChunk]:
        return client.chat.completions.create(model="gpt-4o-mini", messages=[], stream=True)

    def ask_generator() -> Iterator[ChatCompletionChunk]:
        yield from ask()

    variants: dict[str, Callable[[], Iterator[Any]]] = {
        "stream, not traced": ask,
        "stream, traced": ace_tracing.trace(ask),
        "stream, traced with a reducer": ace_tracing.trace(reducer=len)(ask),
        "generator, not traced": ask_generator,
        "generator, traced": ace_tracing.trace(ask_generator),
    }
    with refusing_address() as url:
        ace_tracing.configure(api_key="key", base_url=url)
        costs: dict[str, list[float]] = {name: [] for name in variants}
        for round_number in range(options.rounds + 1):
            for name, read in variants.items():
                cost = measure(read, options.chunks)
                if round_number:
                    costs[name].append(cost)
        ace_tracing.shutdown()
    plain = costs["stream, not traced"]
    print("| variant | µs for each chunk | ratio |\n|---|---|---|")
    for name, figures in costs.items():
        ratio = median(mine / own for mine, own in zip(figures, plain, strict=True))
        print(f"| {name} | {median(figures):.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
