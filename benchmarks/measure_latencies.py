"""How long single traced calls take under one SDK, measured in this process and printed as JSON, in µs.

    python measure_latencies.py peers/NAME.py ADDRESS CALLS RATE idle|steady

RATE is calls a second, with sleeps between them, or 0 for one call right after the other. `idle` stops after a few
calls to let everything be sent, which is not measured: no sending goes on beside the calls that are.
"""

import json
import os
import sys
import time
from typing import Any

from peer import load
from workloads import agent

BURST = 20
UNTIMED = 3
"""Calls after a pause that would tell what a pause costs, not what tracing does."""


def main() -> None:
    """Set up, call, print."""
    _, path, url, calls, rate, sending = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = agent(sdk["traced"])
    for _ in range(1_000):
        call()
    if sending == "idle":
        sdk["flush"]()
    clock, sleep, interval = time.perf_counter, time.sleep, 1 / float(rate) if float(rate) else 0.0
    taken = []
    following = clock()
    for number in range(int(calls)):
        if sending == "idle" and not number % BURST:
            sdk["flush"]()
            for _ in range(UNTIMED):
                call()
            following = clock()
        if interval:
            following += interval
            if (ahead := following - clock()) > 0:
                sleep(ahead)
        start = clock()
        call()
        taken.append(clock() - start)
    taken.sort()
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    found = {name: taken[int(len(taken) * share)] * 1e6 for name, share in shares.items()}
    print(json.dumps({**found, "max": taken[-1] * 1e6}), flush=True)
    # What is unsent would be waited for: how long an exit takes is not the question here.
    os._exit(0)


if __name__ == "__main__":
    main()
