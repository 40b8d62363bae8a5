"""Cost of spans under one SDK, measured in this process and printed as JSON.

    python measure_spans.py peers/NAME.py ADDRESS-OF-THE-SINK TRACES SHAPE

It runs in the environment of that SDK, so it needs only the standard library and the requirements of `peers/NAME.py`.
"""

# The SDK is imported first: a module imported earlier would be missing from its import time.
import sys
import time

from peer import load

_start = time.perf_counter()
SDK = load(sys.argv[1])
IMPORTED = time.perf_counter() - _start

import json  # noqa: E402 — after the SDK
import os  # noqa: E402
import urllib.request  # noqa: E402
from typing import Any  # noqa: E402

from workloads import SHAPES, Work  # noqa: E402


def wait_for_spans(sink: str, spans: int) -> dict[str, Any]:
    """Wait until the sink has so many spans or receives no more, and return its counts."""
    with urllib.request.urlopen(f"{sink}/counted?spans={spans}") as response:
        return json.load(response)  # type: ignore[no-any-return]  # the format of sink.py


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def measure(work: Work, setup: Any, sink: str, traces: int) -> dict[str, float]:
    """Run traces, wait until the sink has them, and return totals in seconds, bytes and spans."""
    flush, delivers = setup["flush"], setup.get("DELIVERS", True)
    # The warm-up opens the connections, and the interpreter specialises the code.
    warm_up = work.size(traces / 20)
    work.run(warm_up)
    flush()
    before = wait_for_spans(sink, warm_up * work.spans * delivers)
    used, start = cpu_seconds(), time.perf_counter()
    caller = work.run(traces)
    flush()
    after = wait_for_spans(sink, int(before["spans"]) + traces * work.spans * delivers)
    used = cpu_seconds() - used
    return {
        "traces": traces,
        "spans": traces * work.spans,
        "caller": caller.wall,
        "caller cpu": caller.cpu,
        "cpu": used,
        "until delivered": after["last"] - start,
        "delivered": after["spans"] - before["spans"],
        "requests": after["requests"] - before["requests"],
        "sent": after["sent"] - before["sent"],
        "decoded": after["decoded"] - before["decoded"],
        "import": IMPORTED,
    }


def main() -> None:
    """Start the SDK, measure, and print the figures."""
    _, _, sink, traces, shape = sys.argv
    setup: Any = SDK
    setup["start"](sink)
    work = SHAPES[shape](setup["traced"])
    print(json.dumps(measure(work, setup, sink, work.size(int(traces) * setup["TRACES"]))), flush=True)


if __name__ == "__main__":
    main()
