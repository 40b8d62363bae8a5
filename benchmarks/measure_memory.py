"""Memory of this process under a flood of traces with one SDK, printed as JSON, in bytes.

python measure_memory.py peers/NAME.py ADDRESS TRACES
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

from peer import load
from workloads import make_agent

WARM_UP_TRACES: Final = 100


def read_resident_memory() -> dict[str, int]:
    """Return the resident memory by kind and its peak; only the peak without Linux's `/proc`, 0 on Windows."""
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
    # The unit is bytes on macOS and kilobytes elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure_disk_usage(folder: Path) -> int:
    """Return the bytes that the files in a folder occupy."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    # Windows reports sizes only.
    return sum(int(file.st_blocks) * 512 if hasattr(file, "st_blocks") else file.st_size for file in files)


def main() -> None:
    """Start the SDK, run the traces, and print the figures."""
    _, path, url, traces = sys.argv
    sdk: Any = load(path)
    sdk["start"](url)
    call = make_agent(sdk["traced"])
    for _ in range(WARM_UP_TRACES):
        call()
    before = read_resident_memory()
    start = time.perf_counter()
    for _ in range(int(traces)):
        call()
    seconds = time.perf_counter() - start
    after = read_resident_memory()
    counts = sdk["count_traces"]() if "count_traces" in sdk else {}
    figures = {
        "traces": WARM_UP_TRACES + int(traces),
        "seconds": seconds,
        "growth": after["peak"] - before.get("rss", before["peak"]),
        "anonymous": after["anonymous"] - before["anonymous"] if "anonymous" in after else None,
        "file": after["file"] - before["file"] if "file" in after else None,
        "disk": measure_disk_usage(Path.cwd()),
        **counts,
    }
    print(json.dumps(figures), flush=True)
    # A normal exit would wait for the delivery, which is not measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
