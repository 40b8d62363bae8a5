"""What a flood of traces does to the memory of this process under one SDK, printed as JSON, in bytes.

python measure_memory.py peers/NAME.py ADDRESS TRACES
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from peer import load
from workloads import agent

WARM = 100


def resident() -> dict[str, int]:
    """Resident memory now, by kind, and its peak; without Linux's /proc the peak alone, and nothing on Windows."""
    try:
        lines = [*_lines("/proc/self/smaps_rollup"), *_lines("/proc/self/status")]
    except OSError:
        return {"peak": _peak()}
    sizes = {key: int(rest.split()[0]) * 1024 for key, _, rest in lines if rest.strip().endswith("kB")}
    return {
        "rss": sizes["Rss"],
        "anonymous": sizes["Anonymous"],
        "file": sizes["Rss"] - sizes["Anonymous"],
        "peak": sizes["VmHWM"],
    }


def _lines(path: str) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in Path(path).read_text(encoding="ascii", errors="replace").splitlines()]


def _peak() -> int:
    try:
        import resource
    except ImportError:
        return 0
    # In bytes on macOS, in kilobytes elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def on_disk(folder: Path) -> int:
    """The bytes that files of this run occupy."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    # Windows knows sizes alone.
    return sum(int(file.st_blocks) * 512 if hasattr(file, "st_blocks") else file.st_size for file in files)


def main() -> None:
    """Set up, flood, print."""
    _, path, url, traces = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = agent(sdk["traced"])
    for _ in range(WARM):
        call()
    before = resident()
    start = time.perf_counter()
    for _ in range(int(traces)):
        call()
    seconds = time.perf_counter() - start
    after = resident()
    told = sdk["told"]() if "told" in sdk else {}
    found = {
        "traces": WARM + int(traces),
        "seconds": seconds,
        "growth": after["peak"] - before.get("rss", before["peak"]),
        "anonymous": after["anonymous"] - before["anonymous"] if "anonymous" in after else None,
        "file": after["file"] - before["file"] if "file" in after else None,
        "disk": on_disk(Path.cwd()),
        **told,
    }
    print(json.dumps(found), flush=True)
    # What is unsent would be waited for: how long an exit takes is not the question here.
    os._exit(0)


if __name__ == "__main__":
    main()
