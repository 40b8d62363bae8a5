"""Program that `instructions.py` counts: call the agent under one SDK, then exit without delivery.

python measure_calls.py peers/NAME.py ADDRESS CALLS
"""

import os
import sys
from typing import Any

from peer import load
from workloads import make_agent


def main() -> None:
    """Start the SDK, run the calls, and exit."""
    _, path, url, calls = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = make_agent(sdk["traced"])
    # Thread switches to the sending thread would add a varying number of instructions.
    sys.setswitchinterval(1_000)
    for _ in range(int(calls)):
        call()
    # A normal exit would deliver the remaining spans, and the delivery would be counted.
    os._exit(0)


if __name__ == "__main__":
    main()
