"""Delivery of the spools of killed processes by this process, printed as JSON.

python measure_recovery.py ADDRESS TRACES
"""

from __future__ import annotations

import json
import os
import sys
import time

import ace_tracing


def main() -> None:
    """Recover the traces, and print the seconds, the CPU seconds and the counts."""
    _, url, traces = sys.argv
    before = time.process_time()
    start = time.perf_counter()
    ace_tracing.configure(api_key="kb-benchmark", base_url=url)
    status = ace_tracing.tracing_status()
    while status.recovered + status.dropped < int(traces):
        time.sleep(0.02)
        status = ace_tracing.tracing_status()
    figures = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - before,
        "recovered": status.recovered,
        "dropped": status.dropped,
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
