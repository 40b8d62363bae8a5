"""Schemathesis over both contracts against a running server, with all phases and checks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest
from tests.helpers.contract.prepared_server import PreparedServer
from tests.helpers.tracing_requests import send, span

import kayba_local
from kayba_local import LocalServer

HERE = Path(__file__).parent
HELPERS = HERE.parent / "helpers" / "contract"
OPENAPI = HERE.parents[1] / "openapi"
KEY = "kb-fuzz"


@pytest.mark.timeout(600)
def test_the_server_follows_the_contract_for_every_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Nothing listens at the model's URL: generated provider keys must not leave this machine.
    with kayba_local.serve(api_key=KEY, model_url="http://127.0.0.1:9") as server:
        kinds = fuzz("kayba", f"{server.url}/api", configuration(server, tmp_path), tmp_path, capsys)
    assert kinds.total() > 3000
    assert kinds["coverage", "negative"] > 1000
    assert min(kinds[phase, "negative"] for phase in ("fuzzing", "stateful")) > 50
    assert min(kinds[phase, "positive"] for phase in ("examples", "coverage", "fuzzing", "stateful")) > 50


@pytest.mark.timeout(600)
def test_the_server_follows_the_contract_of_the_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with kayba_local.serve(api_key=KEY) as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}) as http:
            send(http, span(1, 1, attributes={"session.id": "session-17"}), span(1, 2, 1), span(2, 1))
        # Live events have no end.
        endless = ("--exclude-operation-id", "streamChanges")
        url = f"{server.url}/api/explore"
        kinds = fuzz("explore", url, HERE / "schemathesis-explore.toml", tmp_path, capsys, *endless)
    assert kinds.total() > 1000
    assert kinds["coverage", "negative"] > 200
    assert min(kinds[phase, "positive"] for phase in ("examples", "coverage", "fuzzing")) > 20


def fuzz(
    contract: str,
    url: str,
    configuration: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> Counter[tuple[str, str]]:
    """Send generated requests to a server, check its responses, and return the number of requests by phase and mode."""
    report = folder / "events.ndjson"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
            *("run", str(OPENAPI / f"{contract}.yaml"), "--url", url, "--header", f"Authorization: Bearer {KEY}"),
            # One worker: CPython 3.11 counts the recursion of `ast.parse` over all threads together, and fails
            # with "AST constructor recursion depth mismatch" when two threads parse at once, as in Hypothesis.
            "--workers=1",
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
            *arguments,
        ],
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": str(HELPERS / "schemathesis_hooks.py"),
            "PYTHONIOENCODING": "utf-8",
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    cases = re.search(r"([0-9]+) generated, ([0-9]+) passed", done.stdout)
    assert cases is not None, done.stdout
    generated, passed = map(int, cases.groups())
    kinds = cases_by_kind(report)
    assert generated == passed == kinds.total()
    with capsys.disabled():
        print(f"\nschemathesis, {contract}: {cases[0]}")
        print(*(f"  {phase}, {mode}: {count}" for (phase, mode), count in sorted(kinds.items())), sep="\n")
    return kinds


def cases_by_kind(events: Path) -> Counter[tuple[str, str]]:
    """Return the number of requests by phase and by mode, positive for valid and negative for invalid data."""
    kinds = Counter[tuple[str, str]]()
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"ScenarioFinished"'):
                scenario = json.loads(line)["ScenarioFinished"]
                for case in scenario["recorder"].get("cases", {}).values():
                    kinds[scenario["phase"], case["value"]["meta"]["generation"]["mode"]] += 1
    return kinds


def configuration(server: LocalServer, folder: Path) -> Path:
    """Write the settings, with existing ids for the operations whose ids no response contains."""
    with PreparedServer(server) as world:
        ids = {"updateInsight": world.pending_insight, "getPrompt": world.prompt}
    known = (
        f'\n[[operations]]\ninclude-operation-id = "{operation}"\nparameters = {{ "path.id" = "{id_}" }}\n'
        for operation, id_ in ids.items()
    )
    path = folder / "schemathesis.toml"
    path.write_text((HERE / "schemathesis.toml").read_text(encoding="utf-8") + "".join(known), encoding="utf-8")
    return path
