"""Run a command in the repository's root: `python in_root.py COMMAND [ARGUMENT ...]`.

For tools that read their configuration or name modules relative to the current folder, so that hatch's scripts work
from every folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def main(command: list[str]) -> int:
    """Run the command, and return its exit code."""
    # Windows finds `npx.cmd` only by its full name.
    program = shutil.which(command[0]) or command[0]
    return subprocess.run([program, *command[1:]], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
