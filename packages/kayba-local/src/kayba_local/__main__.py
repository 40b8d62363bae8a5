"""``python -m kayba_local`` is the command ``kayba-local``."""

import sys

from kayba_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
