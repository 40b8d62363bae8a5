"""Run traced functions of the main program in the worker processes of Dask distributed, which gets them by value."""

from __future__ import annotations

import os
import sys

import dask
from distributed import Client, LocalCluster

from ace_tracing import configure, flush, start_span, trace


@trace
def work(number: int) -> int:
    """Return the square, with a step of its own span."""
    with start_span("step"):
        return number * number


def configure_worker() -> int:
    """Configure this process by its environment."""
    configure(spool=os.environ["SPOOL"] == "1")
    return os.getpid()


def flush_worker() -> bool:
    """Deliver the traces of this process."""
    return bool(flush(240))


def main() -> None:
    """Run tasks and a graph, and deliver."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert os.getpid() not in client.run(configure_worker).values()
        assert client.gather(client.map(work, range(10))) == [number * number for number in range(10)]
        total = dask.delayed(sum)([dask.delayed(work)(number) for number in range(10, 20)])
        assert total.compute() == sum(number * number for number in range(10, 20))
        assert all(client.run(flush_worker).values())
    sys.stdout.write("done")


if __name__ == "__main__":
    main()
