"""What spans cost under one SDK, measured in this process and printed as JSON.

    python measure_spans.py peers/NAME.py ADDRESS-OF-THE-SINK TRACES SHAPE

Needs only the standard library and what peers/NAME.py names: it is run in the environment of that SDK.
"""

# Nothing else is imported before the SDK is, which would be charged with less than it costs.
import sys
import time

from peer import load

_start = time.perf_counter()
SDK = load(sys.argv[1])
IMPORTED = time.perf_counter() - _start

import json  # noqa: E402 — see above
import os  # noqa: E402
import urllib.request  # noqa: E402
from typing import Any  # noqa: E402

from workloads import SHAPES, Work  # noqa: E402


def counted(sink: str, spans: int) -> dict[str, Any]:
    """What the sink has, once there are so many spans or nothing more comes."""
    with urllib.request.urlopen(f"{sink}/counted?spans={spans}") as answer:
        return json.load(answer)  # type: ignore[no-any-return]  # as sink.py writes it


def cpu() -> float:
    """Seconds of CPU that this process and the children it has waited for have used."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def measure(work: Work, setup: Any, sink: str, traces: int) -> dict[str, float]:
    """Run traces until the sink has them; figures in seconds, bytes and spans of all of them together."""
    flush, delivers = setup["flush"], setup.get("DELIVERS", True)
    # Enough for connections to be open and for the interpreter to have specialised the code.
    warm = work.size(traces / 20)
    work.run(warm)
    flush()
    before = counted(sink, warm * work.spans * delivers)
    used, start = cpu(), time.perf_counter()
    caller = work.run(traces)
    flush()
    after = counted(sink, int(before["spans"]) + traces * work.spans * delivers)
    used = cpu() - used
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
    """Set up, run, print."""
    _, _, sink, traces, shape = sys.argv
    setup: Any = SDK
    setup["start"](sink)
    work = SHAPES[shape](setup["traced"])
    print(json.dumps(measure(work, setup, sink, work.size(int(traces) * setup["TRACES"]))), flush=True)


if __name__ == "__main__":
    main()
