"""`kayba integrations`: configure from prompts, list without secrets, and test the connection."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.interop.mlflow_server import MlflowServer
from tests.helpers.interop.published_cli import Cli

import kayba_local

needs_secret_from_stdin = pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows the command reads secrets only from the console"
)


def read_config(kayba: Cli, name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(kayba("integrations", "list", "--json"))[name]
    return config


@pytest.mark.interop("`integrations list`")
def test_integrations_are_disabled_by_default(kayba: Cli) -> None:
    shown = kayba("integrations", "list").split()
    assert shown == ["mlflow", "Status:", "disabled", "Auth", "type:", "none", "langsmith", "Status:", "disabled"]


@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
@pytest.mark.interop("`integrations list`")
def test_a_configured_mlflow_is_connected(kayba: Cli, real_mlflow: MlflowServer) -> None:
    output = kayba("integrations", "configure", "mlflow", stdin=f"{real_mlflow.tracking_uri}\nnone\nlive\n")
    assert "mlflow configuration saved." in output
    assert "Connected successfully.\n  MLflow version: 3.17.2\n" in output
    assert "mlflow: connected\n  MLflow version: 3.17.2\n  Experiments found: " in kayba(
        "integrations", "test", "mlflow"
    )
    shown = kayba("integrations", "list")
    for line in ("Status: enabled", f"Tracking URI: {real_mlflow.tracking_uri}", "Experiment: live"):
        assert line in shown


@needs_secret_from_stdin
@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
def test_mlflow_with_a_key_connects_only_with_the_right_one(kayba: Cli) -> None:
    with kayba_local.serve(api_key="kb-other") as other:
        address = f"{other.url}/api/mlflow"
        kayba("integrations", "configure", "mlflow", stdin=f"{address}\nbearer\nkb-wrong\n\n")
        assert "the credentials were refused" in kayba.run_failing("integrations", "test", "mlflow")
        # The second time, the saved address and authentication type are the defaults.
        assert "Connected successfully." in kayba("integrations", "configure", "mlflow", stdin="\n\nkb-other\n\n")
    config = read_config(kayba, "mlflow")
    assert (config["trackingUri"], config["authType"]) == (address, "bearer")
    assert "kb-other" not in kayba("integrations", "list", "--json")


@needs_secret_from_stdin
@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
def test_langsmith_is_called_with_the_key(kayba: Cli) -> None:
    with faulty_server() as langsmith:
        output = kayba("integrations", "configure", "langsmith", stdin=f"{langsmith.url}\nls-key\nproject\n")
        assert "Connected successfully." in output
        assert "langsmith: connected" in kayba("integrations", "test", "langsmith")
        assert {headers["x-api-key"] for _, _, headers, _ in langsmith.requests} == {"ls-key"}
    config = read_config(kayba, "langsmith")
    assert (config["enabled"], config["apiUrl"], config["projectName"]) == (True, langsmith.url, "project")
    assert "ls-key" not in kayba("integrations", "list", "--json")


@pytest.mark.interop("`integrations test`")
@pytest.mark.interop("Errors")
@pytest.mark.parametrize("name", ["mlflow", "langsmith"])
def test_an_unconfigured_integration_cannot_connect(kayba: Cli, name: str) -> None:
    assert f"{name}: connection failed" in kayba.run_failing("integrations", "test", name)
