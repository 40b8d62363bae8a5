"""Schemathesis over the whole contract against a running server, with all phases and checks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.helpers.contract.prepared_server import PreparedServer

import kayba_local
from kayba_local import LocalServer

HERE = Path(__file__).parent
HELPERS = HERE.parent / "helpers" / "contract"
CONTRACT = HERE.parents[1] / "openapi" / "kayba.yaml"
KEY = "kb-fuzz"


@pytest.mark.timeout(600)
def test_the_server_follows_the_contract_for_every_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Nothing listens at the model's URL: generated provider keys must not leave this machine.
    with kayba_local.serve(api_key=KEY, model_url="http://127.0.0.1:9") as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration(server, tmp_path))),
                *("run", str(CONTRACT), "--url", f"{server.url}/api", "--header", f"Authorization: Bearer {KEY}"),
                # One worker: CPython 3.11 counts the recursion of `ast.parse` over all threads together, and fails
                # with "AST constructor recursion depth mismatch" when two threads parse at once, as in Hypothesis.
                "--workers=1",
                *("--report", "ndjson", "--report-ndjson-path", str(tmp_path / "events.ndjson")),
            ],
            cwd=tmp_path,
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
    kinds = cases_by_kind(tmp_path / "events.ndjson")
    assert generated == passed == kinds.total() > 3000
    assert kinds["coverage", "negative"] > 1000
    assert min(kinds[phase, "negative"] for phase in ("fuzzing", "stateful")) > 50
    assert min(kinds[phase, "positive"] for phase in ("examples", "coverage", "fuzzing", "stateful")) > 50
    with capsys.disabled():
        print(f"\nschemathesis: {cases[0]}")
        print(*(f"  {phase}, {mode}: {count}" for (phase, mode), count in sorted(kinds.items())), sep="\n")


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
