"""Machine instructions of the hot path, which a busy machine does not change: to compare a change with what was before.

    hatch run bench:instructions [--write] [--tool perf]

It counts what the thread that traces executes, with valgrind's callgrind or, where that is not installed, with `perf
stat`, which needs the processor's counters; threads that send are not counted. From two runs of different length comes
what a call takes once the interpreter has specialised the code. Figures of the same Python and tool in
benchmarks/instructions.json stand beside; --write puts the new ones there, to be committed with the change that they
belong to.
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

from choice import say
from environments import BENCHMARKS, PEERS, Environment, made, surroundings
from servers import refusing
from table import figure, markdown

NOTED = BENCHMARKS / "instructions.json"
WARM, CALLS = 1_000, 4_000
CASES = {
    "plain": "3 functions, not traced",
    "disabled": "3 functions, tracing disabled",
    "ace": "3 functions, traced",
}


def callgrind(command: list[str], folder: Path) -> int:
    """Instructions of a program's first thread."""
    output = folder / "callgrind.out"
    tool = ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={output}"]
    subprocess.run([*tool, *command], check=True, capture_output=True, cwd=folder, env=surroundings(folder))
    (first,) = folder.glob("callgrind.out-01")
    (total,) = re.findall(r"^totals: (\d+)$", first.read_text(encoding="utf-8"), re.MULTILINE)
    first.unlink()
    return int(total)


def perf(command: list[str], folder: Path) -> int:
    """Instructions of a program's first thread in user mode; ends this program where they cannot be counted."""
    # Without inheritance, so that other threads are not counted.
    tool = ["perf", "stat", "--no-inherit", "--field-separator=;", "--event=instructions:u", "--"]
    done = subprocess.run(
        [*tool, *command], check=True, capture_output=True, text=True, cwd=folder, env=surroundings(folder)
    )
    (counted,) = [line.partition(";")[0] for line in done.stderr.splitlines() if "instructions" in line]
    if not counted.isdecimal():
        raise SystemExit(f"perf cannot count here: {counted}")
    return int(counted)


TOOLS: dict[str, Callable[[list[str], Path], int]] = {"callgrind": callgrind, "perf": perf}
PROGRAMS = {"callgrind": "valgrind", "perf": "perf"}


def a_call(tool: str, name: str, environment: Environment) -> int:
    """Instructions of one call."""

    def counted(calls: int) -> int:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder, refusing() as url:
            program = [environment.python, BENCHMARKS / "measure_calls.py", PEERS[name], url, calls]
            return TOOLS[tool](list(map(str, program)), Path(folder))

    return round((counted(WARM + CALLS) - counted(WARM)) / CALLS)


def main() -> None:
    """Count, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", choices=TOOLS, help="callgrind where it is installed, by default")
    parser.add_argument("--write", action="store_true", help="note these figures")
    given = parser.parse_args()
    tool = given.tool or next((tool for tool, program in PROGRAMS.items() if shutil.which(program)), None)
    if not tool or not shutil.which(PROGRAMS[tool]):
        parser.error("needs valgrind, or perf with --tool perf")
    every = json.loads(NOTED.read_text(encoding="utf-8")) if NOTED.exists() else {}
    key = f"CPython {platform.python_version()}, {platform.machine()}, {tool}"
    before, now = every.get(key, {}), dict[str, int]()
    for name, title in CASES.items():
        say(f"counting: {title}")
        now[title] = a_call(tool, name, made(name))
    rows = [
        [
            title,
            f"{count:,}",
            f"{before[title]:,}" if title in before else "—",
            f"{count / before[title] - 1:+.2%}" if title in before else "—",
        ]
        for title, count in now.items()
    ]
    print(markdown([["instructions a call", "now", "noted", "change"], *rows]))
    plain, disabled, traced = now.values()
    print(f"a span: {figure((traced - plain) / 3)}; a disabled call: {figure((disabled - plain) / 3)} ({key})")
    if given.write:
        NOTED.write_text(json.dumps({**every, key: now}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
