"""Latencies of single traced calls under one SDK, measured in this process and printed as JSON, in µs.

    python measure_latencies.py peers/NAME.py ADDRESS CALLS RATE idle|steady

RATE is the number of calls per second, with sleeps between them; 0 means a tight loop. `idle` flushes after every few
calls and measures only the calls, so nothing is sent during a measured call.
"""

import json
import os
import sys
import time
from typing import Any, Final

from peer import load
from workloads import make_agent

BURST: Final = 20
"""Calls between two flushes in the `idle` mode."""
UNTIMED: Final = 3
"""Calls after a flush that are not measured, because they would measure the cost of the pause."""


def main() -> None:
    """Start the SDK, run the calls, and print the percentiles."""
    _, path, url, calls, rate, sending = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = make_agent(sdk["traced"])
    for _ in range(1_000):
        call()
    if sending == "idle":
        sdk["flush"]()
    clock, sleep, interval = time.perf_counter, time.sleep, 1 / float(rate) if float(rate) else 0.0
    seconds = []
    next_call = clock()
    for number in range(int(calls)):
        if sending == "idle" and not number % BURST:
            sdk["flush"]()
            for _ in range(UNTIMED):
                call()
            next_call = clock()
        if interval:
            next_call += interval
            if (ahead := next_call - clock()) > 0:
                sleep(ahead)
        start = clock()
        call()
        seconds.append(clock() - start)
    seconds.sort()
    percentiles = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    figures = {name: seconds[int(len(seconds) * share)] * 1e6 for name, share in percentiles.items()}
    print(json.dumps({**figures, "max": seconds[-1] * 1e6}), flush=True)
    # A normal exit would wait for the delivery, which is not measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
