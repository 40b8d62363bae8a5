"""Integrations: configured by answering questions, shown without their secrets, and really tried."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.interop.mlflow_server import MlflowServer
from tests.helpers.interop.published_cli import Cli

import kayba_local

asks_for_a_secret = pytest.mark.skipif(sys.platform == "win32", reason="there it reads secrets from the console alone")


def configured(kayba: Cli, name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(kayba("integrations", "list", "--json"))[name]
    return config


@pytest.mark.interop("`integrations list`")
def test_before_anything_is_configured_both_are_disabled(kayba: Cli) -> None:
    shown = kayba("integrations", "list").split()
    assert shown == ["mlflow", "Status:", "disabled", "Auth", "type:", "none", "langsmith", "Status:", "disabled"]


@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
@pytest.mark.interop("`integrations list`")
def test_a_real_mlflow_is_connected(kayba: Cli, real_mlflow: MlflowServer) -> None:
    said = kayba("integrations", "configure", "mlflow", stdin=f"{real_mlflow.tracking_uri}\nnone\nlive\n")
    assert "mlflow configuration saved." in said
    assert "Connected successfully.\n  MLflow version: 3.17.2\n" in said
    assert "mlflow: connected\n  MLflow version: 3.17.2\n  Experiments found: " in kayba(
        "integrations", "test", "mlflow"
    )
    shown = kayba("integrations", "list")
    for told in ("Status: enabled", f"Tracking URI: {real_mlflow.tracking_uri}", "Experiment: live"):
        assert told in shown


@asks_for_a_secret
@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
def test_an_mlflow_that_asks_for_a_key(kayba: Cli) -> None:
    with kayba_local.serve(api_key="kb-other") as other:
        address = f"{other.url}/api/mlflow"
        kayba("integrations", "configure", "mlflow", stdin=f"{address}\nbearer\nkb-wrong\n\n")
        assert "the credentials were refused" in kayba.refused("integrations", "test", "mlflow")
        # The second time the address and the kind of key are offered as they are.
        assert "Connected successfully." in kayba("integrations", "configure", "mlflow", stdin="\n\nkb-other\n\n")
    config = configured(kayba, "mlflow")
    assert (config["trackingUri"], config["authType"]) == (address, "bearer")
    assert "kb-other" not in kayba("integrations", "list", "--json")


@asks_for_a_secret
@pytest.mark.interop("`integrations configure`")
@pytest.mark.interop("`integrations test`")
def test_langsmith_is_asked_with_the_key(kayba: Cli) -> None:
    with faulty_server() as langsmith:
        said = kayba("integrations", "configure", "langsmith", stdin=f"{langsmith.url}\nls-key\nproject\n")
        assert "Connected successfully." in said
        assert "langsmith: connected" in kayba("integrations", "test", "langsmith")
        assert {headers["x-api-key"] for _, _, headers, _ in langsmith.requests} == {"ls-key"}
    config = configured(kayba, "langsmith")
    assert (config["enabled"], config["apiUrl"], config["projectName"]) == (True, langsmith.url, "project")
    assert "ls-key" not in kayba("integrations", "list", "--json")


@pytest.mark.interop("`integrations test`")
@pytest.mark.interop("Errors")
@pytest.mark.parametrize("name", ["mlflow", "langsmith"])
def test_what_is_not_configured_cannot_connect(kayba: Cli, name: str) -> None:
    assert f"{name}: connection failed" in kayba.refused("integrations", "test", name)
