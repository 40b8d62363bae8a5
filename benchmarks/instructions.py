"""Machine instructions of the hot path, to compare a change with the state before, even on a busy machine.

    hatch run bench:instructions [--write] [--tool perf]

It counts the instructions of the traced thread, without the sending threads, with valgrind's callgrind or, if that is
not installed, with `perf stat`, which needs the processor's counters. The difference of two runs of different length
gives the instructions of a call after the interpreter has specialised the code. The table compares them with the
figures of the same Python and tool in `benchmarks/instructions.json`; `--write` updates that file, which belongs in the
commit of the change.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from environments import BENCHMARKS, PEERS, Environment, make_variables, prepare
from options import log_progress
from servers import refusing_address
from table import format_figure, format_table

RECORDED: Final = BENCHMARKS / "instructions.json"
WARM_UP_CALLS: Final = 1_000
CALLS: Final = 4_000
CASES: Final = {
    "plain": "3 functions, not traced",
    "disabled": "3 functions, tracing disabled",
    "ace": "3 functions, traced",
}


def count_with_callgrind(command: list[str], folder: Path) -> int:
    """Count the instructions of a program's first thread."""
    output = folder / "callgrind.out"
    tool = ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={output}"]
    subprocess.run([*tool, *command], check=True, capture_output=True, cwd=folder, env=make_variables(folder))
    (first,) = folder.glob("callgrind.out-01")
    (total,) = re.findall(r"^totals: (\d+)$", first.read_text(encoding="utf-8"), re.MULTILINE)
    first.unlink()
    return int(total)


def count_with_perf(command: list[str], folder: Path) -> int:
    """Count the instructions of a program's first thread in user mode.

    Raises:
        SystemExit: This machine does not support the counters.
    """
    # Without inheritance, other threads are not counted.
    tool = ["perf", "stat", "--no-inherit", "--field-separator=;", "--event=instructions:u", "--"]
    done = subprocess.run(
        [*tool, *command], check=True, capture_output=True, text=True, cwd=folder, env=make_variables(folder)
    )
    (counted,) = [line.partition(";")[0] for line in done.stderr.splitlines() if "instructions" in line]
    if not counted.isdecimal():
        raise SystemExit(f"perf cannot count instructions on this machine: {counted}")
    return int(counted)


TOOLS: Final[dict[str, Callable[[list[str], Path], int]]] = {
    "callgrind": count_with_callgrind,
    "perf": count_with_perf,
}
PROGRAMS: Final = {"callgrind": "valgrind", "perf": "perf"}


def count_per_call(tool: str, name: str, environment: Environment) -> int:
    """Return the instructions of one call."""

    def count(calls: int) -> int:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder, refusing_address() as url:
            program = [environment.python, BENCHMARKS / "measure_calls.py", PEERS[name], url, calls]
            return TOOLS[tool](list(map(str, program)), Path(folder))

    return round((count(WARM_UP_CALLS + CALLS) - count(WARM_UP_CALLS)) / CALLS)


def main() -> None:
    """Count the cases, print the table, and with `--write` update `instructions.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", choices=TOOLS, help="default: callgrind if it is installed, else perf")
    parser.add_argument("--write", action="store_true", help="write the figures to instructions.json")
    options = parser.parse_args()
    tool = options.tool or next((tool for tool, program in PROGRAMS.items() if shutil.which(program)), None)
    if not tool or not shutil.which(PROGRAMS[tool]):
        parser.error("install valgrind or perf to count instructions")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    key = f"CPython {platform.python_version()}, {platform.machine()}, {tool}"
    before, now = recorded.get(key, {}), dict[str, int]()
    for name, title in CASES.items():
        log_progress(f"counting: {title}")
        now[title] = count_per_call(tool, name, prepare(name))
    rows = [
        [
            title,
            f"{count:,}",
            f"{before[title]:,}" if title in before else "—",
            f"{count / before[title] - 1:+.2%}" if title in before else "—",
        ]
        for title, count in now.items()
    ]
    print(format_table([["instructions per call", "now", "recorded", "change"], *rows]))
    plain, disabled, traced = now.values()
    span, disabled_call = (traced - plain) / 3, (disabled - plain) / 3
    print(f"a span: {format_figure(span)}; a disabled call: {format_figure(disabled_call)} ({key})")
    if options.write:
        RECORDED.write_text(json.dumps({**recorded, key: now}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
