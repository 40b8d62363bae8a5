"""The command `python -m ace_tracing.hostile`."""

import sys

from ace_tracing.hostile import main

sys.exit(main())
