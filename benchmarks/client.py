"""Prints what a small call costs through the REST client, beside the same request through httpx alone.

    hatch run bench:client [--calls 50] [--rounds 60]

All ways take turns in one process against one server on loopback, which answers from memory. Figures are medians over
the rounds, and a ratio is the median of the ratios within each round: it holds on other machines and on a busy one.
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

import httpx

from kayba_api import AsyncKayba, Client, Kayba
from kayba_api.api.jobs import get_job

BODY = b'{"jobId": "job-1", "status": "completed", "result": {"skillsGenerated": 4, "materialized": false}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
KEY = "kb-benchmark"


def serve(ready: Connection) -> None:
    """Answer every request on every connection with the same job, for ever."""

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\r\n\r\n"):  # A request without a body, and small enough to come in one piece.
                self.transport.write(ANSWER)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, family=socket.AF_INET)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@dataclass
class Taken:
    """What the calls of one way took in each round, in seconds a call."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float, calls: int) -> None:
        self.wall.append((time.perf_counter() - wall) / calls)
        self.cpu.append((time.process_time() - cpu) / calls)


def sync_ways(url: str, calls: int, rounds: int) -> dict[str, Taken]:
    """Each way on one thread."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with (
        httpx.Client(base_url=f"{url}/api", headers=headers, verify=False) as alone,
        Client(url, api_key=KEY, httpx_args={"verify": False}) as low,
        Kayba(KEY, url, httpx_args={"verify": False}) as kayba,
    ):
        ways: dict[str, Callable[[], object]] = {
            "httpx alone, and .json()": lambda: alone.get("/jobs/job-1").json(),
            "get_job.sync": lambda: get_job.sync("job-1", client=low),
            "Kayba.jobs.get": lambda: kayba.jobs.get("job-1"),
        }
        taken = {name: Taken() for name in ways}
        for number in range(rounds + 1):
            for name, call in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in range(calls):
                    call()
                if number:  # The first round only opens connections.
                    taken[name].add(wall, cpu, calls)
        return taken


async def async_ways(url: str, calls: int, rounds: int) -> dict[str, Taken]:
    """Each way in one event loop."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        httpx.AsyncClient(base_url=f"{url}/api", headers=headers, verify=False) as alone,
        Client(url, api_key=KEY, httpx_args={"verify": False}) as low,
        AsyncKayba(KEY, url, httpx_args={"verify": False}) as kayba,
    ):

        async def by_httpx() -> object:
            return (await alone.get("/jobs/job-1")).json()

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "httpx alone, and .json()": by_httpx,
            "get_job.asyncio": lambda: get_job.asyncio("job-1", client=low),
            "AsyncKayba.jobs.get": lambda: kayba.jobs.get("job-1"),
        }
        taken = {name: Taken() for name in ways}
        for number in range(rounds + 1):
            for name, call in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                for _ in range(calls):
                    await call()
                if number:
                    taken[name].add(wall, cpu, calls)
        return taken


def show(title: str, taken: dict[str, Taken]) -> None:
    """A table of the ways, each beside the first in the same round."""
    least = next(iter(taken.values()))
    print(f"\n| {title:<26}| µs a call | ratio | CPU µs | ratio |\n|{'-' * 27}|----------:|------:|-------:|------:|")
    for name, way in taken.items():
        wall = median(one / other for one, other in zip(way.wall, least.wall, strict=True))
        cpu = median(one / other for one, other in zip(way.cpu, least.cpu, strict=True))
        print(
            f"| {name:<26}| {median(way.wall) * 1e6:>9.0f} | {wall:>5.2f} "
            f"| {median(way.cpu) * 1e6:>6.0f} | {cpu:>5.2f} |"
        )


def main() -> None:
    """Measure both kinds and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ours.recv()}"
        print(f"a small GET on loopback, median of {options.rounds} rounds of {options.calls} calls")
        show("sync", sync_ways(url, options.calls, options.rounds))
        show("async", asyncio.run(async_ways(url, options.calls, options.rounds)))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
