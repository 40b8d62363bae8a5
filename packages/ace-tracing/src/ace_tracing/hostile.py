"""Command `python -m ace_tracing.hostile`. The values and the check are in `ace_tracing.testing.hostile`."""

import sys

from ace_tracing.testing.hostile import MAX_BYTES, MAX_SECONDS, VALUES, Verdict, check, main

__all__ = ["MAX_BYTES", "MAX_SECONDS", "VALUES", "Verdict", "check", "main"]

if __name__ == "__main__":
    sys.exit(main())
