"""Entry point of `python -m kayba_local`, the same as the command `kayba-local`."""

import sys

from kayba_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
