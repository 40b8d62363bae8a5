"""Command line: `python -m ace_tracing run script.py` records a program without a change to its code."""

from ace_tracing.run import main

if __name__ == "__main__":
    main()
