"""Calls the agent under one SDK and ends at once: what runs under a counter of instructions.

python measure_calls.py peers/NAME.py ADDRESS CALLS
"""

import os
import sys
from typing import Any

from peer import load
from workloads import agent


def main() -> None:
    """Set up, call, end."""
    _, path, url, calls = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = agent(sdk["traced"])
    # Handing the interpreter to a thread that sends costs this one instructions, now more and now less.
    sys.setswitchinterval(1_000)
    for _ in range(int(calls)):
        call()
    # What is unsent would be sent now, and counted.
    os._exit(0)


if __name__ == "__main__":
    main()
