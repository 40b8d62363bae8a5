"""Durability of acknowledged spans: after kill -9 during ingest, and with concurrent writers and readers."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.helpers.tracing_requests import SPANS, TRACES, Json, get_trace, otlp, search_ids, span, trace_id

from kayba_local import serve

HEADERS = {"x-mlflow-experiment-id": "0"}
SENDERS = 3
SPANS_EACH = 4


def batch(number: int) -> Json:
    """Return a request of two traces, each a root with children."""
    return otlp(
        span(trace, one, None if one == 1 else 1)
        for trace in (2 * number, 2 * number + 1)
        for one in range(1, SPANS_EACH + 1)
    )


@contextmanager
def server_process(store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "kayba_local", "serve", "--port", "0", "--store", f"sqlite:///{store}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


def send_until_the_server_dies(url: str, numbers: Iterator[int], acknowledged: Callable[[int], None]) -> None:
    with httpx.Client(base_url=url) as http, suppress(httpx.TransportError):
        while True:
            number = next(numbers)
            http.post(SPANS, json=batch(number), headers=HEADERS).raise_for_status()
            acknowledged(number)


@pytest.mark.timeout(300)
def test_every_acknowledged_batch_survives_kill_9(tmp_path: Path) -> None:
    store = tmp_path / "kayba.db"
    rng = random.Random(7)
    numbers = iter(count(1))
    acknowledged: list[int] = []
    for _ in range(4):
        enough = threading.Event()
        target = len(acknowledged) + rng.randint(1, 40)

        def acknowledge(number: int, target: int = target, enough: threading.Event = enough) -> None:
            acknowledged.append(number)
            if len(acknowledged) >= target:
                enough.set()

        with server_process(store) as (process, url):
            senders = [
                threading.Thread(target=send_until_the_server_dies, args=(url, numbers, acknowledge))
                for _ in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            assert enough.wait(120)
            process.kill()
            for sender in senders:
                sender.join()

    file = sqlite3.connect(store)
    assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    file.close()
    assert acknowledged
    with serve(store=f"sqlite:///{store}") as server, httpx.Client(base_url=server.url) as http:
        for number in acknowledged:
            for trace in (2 * number, 2 * number + 1):
                assert len(get_trace(http, trace_id(trace))["spans"]) == SPANS_EACH
        # A batch without a received response is stored completely or not at all.
        for number in set(range(1, next(numbers))) - set(acknowledged):
            statuses = {http.get(f"{TRACES}/{trace_id(trace)}").status_code for trace in (2 * number, 2 * number + 1)}
            assert len(statuses) == 1


@pytest.mark.timeout(300)
def test_eight_concurrent_clients_of_two_servers_get_no_errors(tmp_path: Path) -> None:
    """Eight clients of two servers on one file receive only success responses."""
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    failures: list[str] = []

    def work(url: str, first: int) -> None:
        with httpx.Client(base_url=url, timeout=60) as http:
            for number in range(first, first + 15):
                responses = [
                    http.post(SPANS, json=batch(number), headers=HEADERS),
                    http.get(f"{TRACES}/get", params={"trace_id": trace_id(2 * number)}),
                    http.get(f"{TRACES}/{trace_id(2 * number + 1)}"),
                ]
                failures.extend(response.text for response in responses if response.status_code != 200)
                search_ids(http, filter="status = 'OK'", order_by=["name"])

    with serve(store=store) as one, serve(store=store) as other:
        urls = [(one, other)[number % 2].url for number in range(8)]
        threads = [threading.Thread(target=work, args=(url, 100 * at)) for at, url in enumerate(urls, start=1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with httpx.Client(base_url=one.url) as http:
            assert len(search_ids(http, max_results=500)) == 8 * 15 * 2
