"""Which SDKs a command runs: the options that all commands share, and the environments that come of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import environments
from environments import Environment

TITLES = {
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
"""Every module of peers/, in the order of the tables."""

SILENT = ("plain", "disabled")
"""Those that send nothing."""


def options(documentation: str | None) -> argparse.ArgumentParser:
    """What all commands take."""
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=TITLES, help="run this one; may be repeated")
    parser.add_argument("--without", action="append", choices=TITLES, default=[], help="leave out; may be repeated")
    parser.add_argument("--print-only", action="store_true", help="leave docs/benchmarks.md as it is")
    parser.add_argument("--in-place", action="store_true", help="use this environment instead of one for each SDK")
    return parser


def chosen(given: argparse.Namespace, default: Sequence[str]) -> dict[str, Environment]:
    """The SDKs that were asked for, installed."""
    names = [name for name in TITLES if name in (given.only or default) and name not in given.without]
    found = {}
    for name in names:
        say(f"environment of {name}")
        found[name] = environments.here(name) if given.in_place else environments.made(name)
    return found


def versions(installed: dict[str, Environment]) -> str:
    """What was measured, in words."""
    return ", ".join(dict.fromkeys(each.versions for each in installed.values() if each.versions))


def say(text: str) -> None:
    """Tell how far it is, beside the table."""
    print(text, file=sys.stderr, flush=True)
