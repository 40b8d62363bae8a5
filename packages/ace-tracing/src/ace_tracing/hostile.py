"""Command `python -m ace_tracing.hostile`. The values and the check are in `ace_tracing.testing.hostile`."""

import sys

from ace_tracing.testing.hostile.check import MAX_BYTES, MAX_SECONDS, Verdict, check, main
from ace_tracing.testing.hostile.values import VALUES

__all__ = ["MAX_BYTES", "MAX_SECONDS", "VALUES", "Verdict", "check", "main"]

if __name__ == "__main__":
    sys.exit(main())
