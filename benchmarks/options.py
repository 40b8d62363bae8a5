"""Options that all commands share, and the SDKs and environments they select."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import environments
from environments import Environment

TITLES: Final = {
    "plain": "no tracing",
    "disabled": "ace-tracing, disabled",
    "ace": "ace-tracing",
    "memory": "ace-tracing, spool=False",
    "opentelemetry": "OpenTelemetry SDK",
    "logfire": "Logfire",
    "langfuse": "Langfuse",
    "langsmith": "LangSmith",
    "opik": "Opik",
    "mlflow": "published Kayba SDK (MLflow)",
}
"""The title of each module in `peers/`, in the order of the tables."""

SILENT: Final = ("plain", "disabled")
"""The modules that send nothing."""


def make_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of all commands."""
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=TITLES, help="run only this SDK; may be repeated")
    parser.add_argument("--without", action="append", choices=TITLES, default=[], help="omit this SDK; may be repeated")
    parser.add_argument("--print-only", action="store_true", help="do not change docs/benchmarks.md")
    parser.add_argument("--in-place", action="store_true", help="use this environment instead of one for each SDK")
    return parser


def prepare_environments(
    options: argparse.Namespace, default: Sequence[str], extra: tuple[str, ...] = ()
) -> dict[str, Environment]:
    """Install the selected SDKs, each with the `extra` requirements, and return their environments by name."""
    names = [name for name in TITLES if name in (options.only or default) and name not in options.without]
    prepared = {}
    for name in names:
        log_progress(f"environment of {name}")
        prepared[name] = environments.current(name) if options.in_place else environments.prepare(name, extra)
    return prepared


def format_versions(prepared: dict[str, Environment]) -> str:
    """Return the versions of the measured packages."""
    return ", ".join(dict.fromkeys(each.versions for each in prepared.values() if each.versions))


def log_progress(text: str) -> None:
    """Print a line of progress on stderr, because stdout has the table."""
    print(text, file=sys.stderr, flush=True)
