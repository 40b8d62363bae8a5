"""Program: the generated client in a folder, run against a kayba-local that serves the folder's contract.

Run as `client_use.py FOLDER EXPRESSION...`. It calls every operation with the contract's examples, checks that the
responses equal the examples, and evaluates each expression. It prints the number of called operations.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import typing
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from kayba_local.app import create_app
from kayba_local.contract import read
from kayba_local.server import Server, bind, url_of
from kayba_local.store.database import Database

folder, expressions = Path(sys.argv[1]), sys.argv[2:]
sys.path.insert(0, str(folder))

import kayba_api  # noqa: E402 - from the folder, not the installed package
from kayba_api import models  # noqa: E402 - from the folder

assert Path(kayba_api.__file__).parent == folder / "kayba_api", kayba_api.__file__
document: dict[str, Any] = json.loads((folder / "openapi.json").read_bytes())


@contextmanager
def served() -> Iterator[str]:
    """Serve the folder's contract and yield the URL."""
    ready = threading.Event()
    with bind("127.0.0.1", 0) as listener, closing(Database.open(f"sqlite:///{folder / 'kayba.db'}")) as db:
        app = create_app(db, mock=True, contract=read(folder / "openapi.json"))
        server = Server(app, listener, ready.set)
        thread = threading.Thread(target=server.serve_until_stopped)
        thread.start()
        ready.wait()
        try:
            yield url_of("127.0.0.1", listener)
        finally:
            server.should_exit = True
            thread.join()


def follow(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def call(client: kayba_api.Client, node: dict[str, Any], shared: list[dict[str, Any]]) -> None:
    """Call an operation with its examples, and check that the response equals its example."""
    module = importlib.import_module(f"kayba_api.api.{node['tags'][0]}.{PythonIdentifier(node['operationId'], '')}")
    parameters = map(follow, [*shared, *node.get("parameters", [])])
    arguments = {str(PythonIdentifier(each["name"], "")): each["example"] for each in parameters}
    if "requestBody" in node:
        media = follow(node["requestBody"])["content"]["application/json"]
        taken = typing.get_type_hints(module.sync_detailed)["body"]
        model = next(arm for arm in typing.get_args(taken) or [taken] if hasattr(arm, "from_dict"))
        arguments["body"] = model.from_dict(media["example"])
    response = module.sync_detailed(client=client, **arguments)
    status = min(status for status in node["responses"] if status < "300")
    content = follow(node["responses"][status]).get("content", {})
    assert response.status_code == int(status), (node["operationId"], response)
    if "application/json" in content:
        # Compared as models: a time has more than one notation.
        expected = type(response.parsed).from_dict(content["application/json"]["example"])
        assert response.parsed == expected, (node["operationId"], response)


with served() as url, kayba_api.Client(url, httpx_args={"verify": False}) as client:
    called = 0
    for item in document["paths"].values():
        for node in item.values():
            if "operationId" in node:
                call(client, node, item.get("parameters", []))
                called += 1
    with kayba_api.Kayba(base_url=url, max_retries=0) as kayba:
        for expression in expressions:
            assert eval(expression, {"kayba": kayba, "models": models}), expression
print(called)
