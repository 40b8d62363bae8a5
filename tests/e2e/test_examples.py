"""The examples, run as a user runs them: their output and their traces."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.programs import read_traces, unexpected_lines

from ace_tracing import Trace
from kayba_local import LocalServer

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(example: str, server_url: str, *arguments: str, warning: str = "", **environment: str) -> str:
    """Run an example, and return its output. It may log warnings about delivery, and must log the given one."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / example, *arguments],
        env={**os.environ, "KAYBA_API_KEY": "kb-test", "KAYBA_API_URL": server_url, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    unexpected = unexpected_lines(done.stderr)
    assert [line.startswith(warning) for line in unexpected] == ([True] if warning else []), done.stderr
    return done.stdout


def outline(trace: Trace) -> list[str]:
    return ["  " * depth + f"{span.name} {span.span_type}" for depth, span in trace.walk()]


def test_quickstart(tracing: LocalServer) -> None:
    assert run("quickstart.py", tracing.url) == "Paris\n"
    (trace,) = read_traces(1)
    assert outline(trace) == ["my_agent UNKNOWN", "  retrieval UNKNOWN"]
    assert trace.data.spans[0].inputs == {"query": "What is the capital of France?"}
    assert trace.data.spans[1].outputs == ["France"]


def test_nested(tracing: LocalServer) -> None:
    assert run("nested.py", tracing.url) == "A trace is the tree of the spans of one run.\n"
    (trace,) = read_traces(1, experiment_names=["examples"])
    assert outline(trace) == ["agent AGENT", "  retrieve RETRIEVER", "  summarise LLM"]
    assert trace.data.spans[2].attributes["model"] == "first-sentence"


def test_folders(tracing: LocalServer) -> None:
    warning = "The folder 'staging/<b>eu</b>' is filed as 'staging/eu'."
    assert run("folders.py", tracing.url, warning=warning) == "staging/eu\n"
    traces = read_traces(4, order_by=["timestamp_ms ASC"])
    filed = {trace.data.spans[0].inputs["name"]: trace.info.folder for trace in traces}
    assert filed == {"production": "production", "staging": "staging/eu", "unfiled": None, "unfiled again": None}


def test_reading(tracing: LocalServer) -> None:
    lines = run("reading.py", tracing.url).splitlines()
    assert lines[0].startswith("two divisions")
    assert lines[1] == "  divide {'a': 1, 'b': 4} 0.25 "
    assert lines[2].endswith("ZeroDivisionError: division by zero")
    assert lines[3].startswith("two divisions OK ")
    assert lines[4].startswith("No trace 'tr-0000")


def test_survives_a_kill(tracing: LocalServer) -> None:
    *finished, root, plan, search = run("survives_a_kill.py", tracing.url).splitlines()
    assert finished == ["answer {'question': 'spans'} OK"]
    assert (
        root == "research {'question': 'traces'} interrupted: the process, or recording, ended while this was running"
    )
    assert plan == "  plan ['search'] OK"
    assert search == "  search {'query': 'traces'} interrupted: the process, or recording, ended while this was running"
    traces = read_traces(2, filter_string="tags.`kayba.folder` = 'examples/killed'", order_by=["timestamp_ms ASC"])
    assert [outline(trace) for trace in traces] == [
        ["answer AGENT"],
        ["research AGENT", "  plan UNKNOWN", "  search TOOL"],
    ]


def test_async_agent(tracing: LocalServer) -> None:
    assert run("async_agent.py", tracing.url) == "36\n"
    (trace,) = read_traces(1)
    assert sorted(outline(trace)) == sorted(["research AGENT", *["  fetch TOOL"] * 3])


def test_rest_client(kayba_server: LocalServer) -> None:
    sent, *accepted, prompt = run("rest_client.py", kayba_server.url).splitlines()
    assert sent == "3 of 3 sent"
    assert accepted
    assert all(line.startswith("accepted: ") for line in accepted)
    assert prompt.startswith("version 1 of the prompt, ")


def test_rest_client_async(kayba_server: LocalServer) -> None:
    default, *created, error = run("rest_client_async.py", kayba_server.url).splitlines()
    assert default == "0 Default"
    assert [line.partition(" ")[2] for line in created] == [f"run {n}" for n in range(5)]
    assert error.startswith("404 RESOURCE_DOES_NOT_EXIST: ")


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "One step of a trace."},
        }
    ],
    "usage": {
        "prompt_tokens": 20,
        "completion_tokens": 6,
        "total_tokens": 26,
        "prompt_tokens_details": {"cached_tokens": 8},
    },
}


@contextmanager
def chat_service() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run a fake chat completions service; yield its address and the received requests."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            body = json.dumps(COMPLETION).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", received
        finally:
            server.shutdown()
            thread.join()


def test_chat_client(tracing: LocalServer) -> None:
    with chat_service() as (url, received):
        printed = run("chat_client.py", tracing.url, OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-test")
    assert printed == "One step of a trace.\n"
    assert [message["content"] for message in received[0]["messages"]] == ["Answer in one sentence.", "What is a span?"]
    (trace,) = read_traces(1, filter_string="tags.`kayba.folder` = 'examples/chat'")
    assert outline(trace) == ["ask AGENT", "  chat CHAT_MODEL"]
    root, chat = trace.data.spans
    assert root.outputs == chat.outputs["choices"][0]["message"]["content"] == "One step of a trace."
    counted = {"input_tokens": 20, "output_tokens": 6, "total_tokens": 26, "cache_read_input_tokens": 8}
    assert trace.token_usage == counted
    assert trace.cost["total_cost"] == pytest.approx((12 * 0.15 + 8 * 0.075 + 6 * 0.6) / 1e6)


@pytest.mark.parametrize(
    ("question", "expected", "error"),
    [
        ([], "gzip.", True),
        (["Which", "container", "keeps", "the", "largest", "numbers?", "heapq"], "heapq.nlargest", True),
        (["xyzzy"], "has no entry for 'xyzzy'", False),
    ],
)
def test_demo(tmp_path: Path, question: list[str], expected: str, error: bool) -> None:
    store = f"sqlite:///{(tmp_path / 'demo.db').as_posix()}"
    printed = run("demo.py", "http://127.0.0.1:9", *question, KAYBA_LOCAL_STORE=store)
    assert expected in printed
    assert "docs-agent" in printed
    assert "AGENT" in printed
    assert ("AttributeError" in printed) == error
    assert (tmp_path / "demo.db").exists()


def test_demo_without_a_terminal_leaves_no_link_and_no_pending_trace(tmp_path: Path) -> None:
    store = f"sqlite:///{(tmp_path / 'demo.db').as_posix()}"
    printed = run("demo.py", "http://127.0.0.1:9", KAYBA_LOCAL_STORE=store)
    assert "http" not in printed
    assert re.search(rf"^The trace tr-[0-9a-f]{{32}} is kept in {re.escape(store)}$", printed, re.MULTILINE)
    assert printed.endswith("\nTo view it in your browser: hatch run kayba-local serve\n")
    assert not (tmp_path / "spool").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_demo_in_a_terminal_serves_the_link_until_ctrl_c(tmp_path: Path) -> None:
    import pty

    terminal, device = pty.openpty()
    store = f"sqlite:///{tmp_path / 'demo.db'}"
    environment = {**os.environ, "KAYBA_LOCAL_STORE": store}
    with subprocess.Popen(
        [sys.executable, EXAMPLES / "demo.py"], env=environment, stdin=device, stdout=device, start_new_session=True
    ) as process:
        os.close(device)
        printed = read_terminal(terminal, until="Ctrl-C ends the server.")
        (link,) = re.findall(r"http://\S+", printed)
        with urllib.request.urlopen(link, timeout=300) as page:
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        after = read_terminal(terminal, until="hatch run kayba-local serve")
        assert process.wait(300) == 0
    os.close(terminal)
    assert f"is kept in {store}" in after
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(link, timeout=300)


def read_terminal(terminal: int, until: str) -> str:
    """Read from a pseudo-terminal until a text appears. Fail when the program ends before."""
    printed = ""
    while until not in printed:
        printed += os.read(terminal, 4096).decode()
    return printed


def test_demo_works_behind_a_proxy(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    output = run("demo.py", "", "gzip", KAYBA_LOCAL_STORE=f"sqlite:///{tmp_path.as_posix()}/demo.db", **proxies)
    assert "docs-agent" in output


@pytest.mark.parametrize("example", ["quickstart.py", "rest_client.py", "rest_client_async.py"])
def test_examples_reach_loopback_behind_a_proxy(kayba_server: LocalServer, example: str) -> None:
    assert run(example, kayba_server.url, HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9")


def test_every_example_is_tested() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    for example in EXAMPLES.glob("*.py"):
        assert example.name == "docs_agent.py" or f'"{example.name}"' in tested
