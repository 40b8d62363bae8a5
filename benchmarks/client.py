"""Cost of a small call of the REST client, compared with the same request through httpx alone.

    hatch run bench:client [--calls 50] [--rounds 60]

All variants alternate in one process against one server on loopback, which responds from memory. Figures are medians
over the rounds. A ratio is the median of the ratios within each round, so it also holds on other or busy machines.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median
from typing import Final

import httpx

from kayba_api import AsyncKayba, Client, Kayba
from kayba_api.api.jobs import get_job

BODY: Final = b'{"jobId": "job-1", "status": "completed", "result": {"skillsGenerated": 4, "materialized": false}}'
RESPONSE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
KEY: Final = "kb-benchmark"


def serve(ready: Connection) -> None:
    """Serve the same job in response to every request, until the process ends."""

    class JobProtocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\r\n\r\n"):  # The requests have no body and arrive in one piece.
                self.transport.write(RESPONSE)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(JobProtocol, "127.0.0.1", 0, family=socket.AF_INET)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@dataclass
class Times:
    """Times of one variant by round, in seconds per call."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float, calls: int) -> None:
        """Add a round of `calls` calls, given the clocks at its start."""
        self.wall.append((time.perf_counter() - wall) / calls)
        self.cpu.append((time.process_time() - cpu) / calls)


def measure_sync(url: str, calls: int, rounds: int) -> dict[str, Times]:
    """Measure the sync variants on one thread."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with (
        httpx.Client(base_url=f"{url}/api", headers=headers, verify=False) as plain,
        Client(url, api_key=KEY, httpx_args={"verify": False}) as generated,
        Kayba(KEY, url, httpx_args={"verify": False}) as kayba,
    ):
        variants: dict[str, Callable[[], object]] = {
            "httpx alone, and .json()": lambda: plain.get("/jobs/job-1").json(),
            "get_job.sync": lambda: get_job.sync("job-1", client=generated),
            "Kayba.jobs.get": lambda: kayba.jobs.get("job-1"),
        }
        times = {name: Times() for name in variants}
        for number in range(rounds + 1):
            for name, call in variants.items():
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in range(calls):
                    call()
                if number:  # The first round opens the connections.
                    times[name].add(wall, cpu, calls)
        return times


async def measure_async(url: str, calls: int, rounds: int) -> dict[str, Times]:
    """Measure the async variants in one event loop."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        httpx.AsyncClient(base_url=f"{url}/api", headers=headers, verify=False) as plain,
        Client(url, api_key=KEY, httpx_args={"verify": False}) as generated,
        AsyncKayba(KEY, url, httpx_args={"verify": False}) as kayba,
    ):

        async def get_with_httpx() -> object:
            return (await plain.get("/jobs/job-1")).json()

        variants: dict[str, Callable[[], Awaitable[object]]] = {
            "httpx alone, and .json()": get_with_httpx,
            "get_job.asyncio": lambda: get_job.asyncio("job-1", client=generated),
            "AsyncKayba.jobs.get": lambda: kayba.jobs.get("job-1"),
        }
        times = {name: Times() for name in variants}
        for number in range(rounds + 1):
            for name, call in variants.items():
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in range(calls):
                    await call()
                if number:
                    times[name].add(wall, cpu, calls)
        return times


def print_table(title: str, times: dict[str, Times]) -> None:
    """Print the variants, each compared with the first one in the same round."""
    baseline = next(iter(times.values()))
    print(
        f"\n| {title:<26}| µs per call | ratio | CPU µs | ratio |\n|{'-' * 27}|------------:|------:|-------:|------:|"
    )
    for name, variant in times.items():
        wall = median(one / other for one, other in zip(variant.wall, baseline.wall, strict=True))
        cpu = median(one / other for one, other in zip(variant.cpu, baseline.cpu, strict=True))
        print(
            f"| {name:<26}| {median(variant.wall) * 1e6:>11.0f} | {wall:>5.2f} "
            f"| {median(variant.cpu) * 1e6:>6.0f} | {cpu:>5.2f} |"
        )


def main() -> None:
    """Measure the sync and the async variants, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    receiver, sender = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(sender,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{receiver.recv()}"
        print(f"a small GET on loopback, median of {options.rounds} rounds of {options.calls} calls")
        print_table("sync", measure_sync(url, options.calls, options.rounds))
        print_table("async", asyncio.run(measure_async(url, options.calls, options.rounds)))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
