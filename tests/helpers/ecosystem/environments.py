"""Environments of the frameworks: one for each, in `.ecosystem/` of the repository, created on first use.

The frameworks' dependencies conflict, so they cannot share an environment.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
CACHE: Final = ROOT / ".ecosystem"
PACKAGES: Final = ("kayba-api", "ace-tracing", "ace-framework")
SDK: Final = ("opentelemetry-sdk==1.45.1", "opentelemetry-exporter-otlp-proto-http==1.45.1")
"""OpenTelemetry's own SDK and exporter. A later SDK conflicts with strands-agents."""

REQUIREMENTS: Final[dict[str, tuple[str, ...]]] = {
    "openai": ("openai==3.57.0", "openinference-instrumentation-openai==0.1.66"),
    "anthropic": ("anthropic==2.14.0", "openinference-instrumentation-anthropic==3.1.0"),
    "langchain": (
        "langchain==1.5.2",
        "langchain-openai==1.7.4",
        "langgraph==1.2.24",
        "openinference-instrumentation-langchain==0.1.80",
        "openinference-instrumentation-openai==0.1.66",
    ),
    "litellm": ("litellm==1.110.2", "openinference-instrumentation-litellm==0.1.51"),
    "pydantic-ai": ("pydantic-ai-slim[openai]==2.68.0",),
    "openai-agents": ("openai-agents==0.24.0", "openinference-instrumentation-openai-agents==2.6.0"),
    "llama-index": (
        "llama-index-core==0.14.25",
        "llama-index-llms-openai==0.8.3",
        "openinference-instrumentation-llama-index==4.6.1",
    ),
    "crewai": (
        "crewai==1.15.30",
        "openinference-instrumentation-crewai==1.1.21",
        "openinference-instrumentation-openai==0.1.66",
    ),
    "dspy": ("dspy==3.4.1", "opentelemetry-instrumentation-genai-dspy==1.3b0"),
    "smolagents": ("smolagents[openai]==1.26.0", "openinference-instrumentation-smolagents==0.1.43"),
    "strands": ("strands-agents[openai]==1.62.0",),
    "families": (
        "openai==3.57.0",
        "openinference-instrumentation-openai==0.1.66",
        "opentelemetry-instrumentation-genai-openai==1.3b0",
        "opentelemetry-instrumentation-openai==0.62.4",
    ),
}
"""The packages of each environment, with the frameworks' and the instrumentors' versions."""
EXTRAS: Final = {"langchain": "langchain,openai", "crewai": "crewai,openai", "families": "openai"}
"""The extras of ace-tracing in an environment; by default the extra with the framework's name."""
SHARED: Final = {"langgraph": "langchain"}
"""Frameworks that are tested in the environment of another one."""

TELEMETRY_OFF: Final = {
    "ANONYMIZED_TELEMETRY": "false",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
}
"""The variables that turn off the frameworks' own telemetry and downloads."""


@cache
def prepare(framework: str) -> Path:
    """Return the interpreter of a framework's environment; install the environment if its requirements changed."""
    name = SHARED.get(framework, framework)
    folder = CACHE / f"{name}-{platform.python_version()}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    arguments = [*REQUIREMENTS[name], *SDK]
    for package in PACKAGES:
        extras = f"[{EXTRAS.get(name, name)}]" if package == "ace-tracing" else ""
        arguments += ["--editable", f"{ROOT / 'packages' / package}{extras}"]
    projects = [(ROOT / "packages" / package / "pyproject.toml").read_text(encoding="utf-8") for package in PACKAGES]
    current = hashlib.sha256(repr([arguments, projects]).encode()).hexdigest()
    stamp = folder / "requirements.sha256"
    if not stamp.exists() or stamp.read_text() != current:
        _run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, folder)
        _run("uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *arguments)
        stamp.write_text(current)
    return python


def make_variables(home: Path, **variables: str) -> dict[str, str]:
    """Return the environment variables of a program, without the user's, and with `home` as the home folder.

    Every address but loopback leads to a closed port, so a framework cannot reach its own services.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
    folders = {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home), "DSPY_CACHEDIR": str(home)}
    no_network = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    runtime = {"PYTHONUTF8": "1", "KAYBA_SPOOL_DIR": str(home / "spool")}
    return {**inherited, **folders, **no_network, **runtime, **TELEMETRY_OFF, **variables}


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr}")
