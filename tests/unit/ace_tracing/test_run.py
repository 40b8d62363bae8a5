"""`python -m ace_tracing run`: a program behaves as without it, and its calls are recorded."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

import ace_tracing
from kayba_local import LocalServer

RUN: Final = ("-m", "ace_tracing", "run")
SHOW: Final = """
import sys, __main__
print(sys.argv, sys.path[0], __main__.__name__, getattr(__main__, "__file__", None), __main__.__dict__ is globals())
print(__name__, sys.stdin.read(), len(sys.modules["__main__"].__dict__) > 3)
"""
ENDINGS: Final = {
    "end": "print('done')",
    "exit code": "sys.exit(7)",
    "message": "sys.exit('stopped')",
    "exception": "def fail():\n    raise ValueError('wrong')\nfail()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('k') from error",
    "syntax error": "def f(:",
    "interrupt": "import signal, os\nos.kill(os.getpid(), signal.SIGINT)",
    "thread": "import threading\nthreading.Thread(target=lambda: print(SHOWN)).start()\nSHOWN = 'late'",
    "exit handler": "import atexit\natexit.register(lambda: print(VALUE))\nVALUE = 'still here'",
    "future": "def f(x: unknown_name): ...\n",
    "hook": "sys.excepthook = lambda *error: print('mine', error[0].__name__)\nraise ValueError",
    "pickle": "import pickle\nclass C: pass\nprint(type(pickle.loads(pickle.dumps(C()))) is C)",
}


def python(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KAYBA_API_KEY": "kb-test", "KAYBA_API_URL": "http://127.0.0.1:9", **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, input="typed", capture_output=True, text=True, timeout=300
    )


def result(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    # The plain interpreter knows that the script is the main module; a text position is shown the same.
    return done.returncode, done.stdout, re.sub(r"^\[?ace-tracing.*\n", "", done.stderr, flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(SHOW)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "__main__.py").write_text(SHOW)
    (tmp_path / "package" / "tool.py").write_text(SHOW)
    with zipfile.ZipFile(tmp_path / "program.zip", "w") as archive:
        archive.writestr("__main__.py", SHOW.replace("__main__.__dict__ is globals()", "1"))
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["program.py"],
        ["program.py", "run", "-m", "--help", "a b"],
        ["./package/../program.py", "-x"],
        ["-m", "package", "1"],
        ["-m", "package.tool", "-m", "2"],
        ["package", "3"],
        ["program.zip", "4"],
    ],
    ids=" ".join,
)
def test_a_program_sees_what_it_sees_without_the_command(folder: Path, arguments: list[str]) -> None:
    plain = python(*arguments, folder=folder)
    assert plain.returncode == 0, plain.stderr
    assert result(python(*RUN, *arguments, folder=folder, KAYBA_TRACING_DISABLED="1")) == result(plain)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("is_module", [False, True], ids=["script", "module"])
def test_a_program_ends_as_without_the_command(tmp_path: Path, ending: str, *, is_module: bool) -> None:
    (tmp_path / "program.py").write_text(f"import sys\n{ENDINGS[ending]}\n")
    arguments = ["-m", "program"] if is_module else ["program.py"]
    plain = python(*arguments, folder=tmp_path)
    recorded = python(*RUN, *arguments, folder=tmp_path, KAYBA_TRACING_DISABLED="1")
    assert recorded.returncode == plain.returncode, recorded.stderr
    assert recorded.stdout == plain.stdout
    # `python -m` itself shows its own frames.
    shown = re.sub(r'  File "<frozen runpy>".*\n(    .*\n)*', "", plain.stderr) if is_module else plain.stderr
    assert result(recorded)[2] == shown


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_signal_ends_the_program_as_without_the_command(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import signal, os\nos.kill(os.getpid(), signal.SIGTERM)")
    assert python(*RUN, "program.py", folder=tmp_path).returncode == -signal.SIGTERM


def test_traced_functions_of_the_program_are_delivered(kayba_server: LocalServer, tmp_path: Path) -> None:
    program = "from ace_tracing import trace\n@trace\ndef work(n):\n    return n + 1\nwork(1)\nraise SystemExit(3)"
    (tmp_path / "program.py").write_text(program)
    done = python(*RUN, "program.py", folder=tmp_path, KAYBA_API_URL=kayba_server.url)
    assert done.returncode == 3, done.stderr
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    try:
        (trace,) = ace_tracing.search_traces()
    finally:
        ace_tracing.shutdown()
    assert (trace.root.name, trace.root.outputs) == ("work", 2)


def test_without_a_key_the_program_runs_and_one_line_says_why(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("print('done')")
    done = python(*RUN, "program.py", folder=tmp_path, KAYBA_API_KEY="")
    assert (done.returncode, done.stdout) == (0, "done\n")
    (line,) = done.stderr.splitlines()
    assert "KAYBA_API_KEY" in line


def test_libraries_that_need_the_global_provider_are_named_or_recorded(tmp_path: Path) -> None:
    installed = tmp_path / "strands_agents-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: strands-agents\nVersion: 1.0\n")
    program = "from opentelemetry import trace\nprint(type(trace.get_tracer_provider()).__module__)"
    (tmp_path / "program.py").write_text(program)
    plain = python(*RUN, "program.py", folder=tmp_path)
    recorded = python(*RUN, "--set-global", "program.py", folder=tmp_path)
    assert "ace-tracing: not recorded without run --set-global: strands\n" in plain.stderr
    assert "--set-global" not in recorded.stderr
    assert not plain.stdout.startswith("ace_tracing.")
    assert recorded.stdout == "ace_tracing.otel.provider\n"


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run"], ["run", "-m"], ["run", "--set-global"]], ids=" ".join)
def test_a_wrong_command_shows_the_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = python("-m", "ace_tracing", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m ace_tracing run")
    assert python("-m", "ace_tracing", "run", "--help", folder=tmp_path).stdout == done.stderr


def test_a_missing_script_is_reported_as_by_the_interpreter(tmp_path: Path) -> None:
    plain, recorded = (python(*command, "no.py", folder=tmp_path) for command in ((), RUN))
    assert recorded.returncode == plain.returncode == 2
    assert "can't open file" in recorded.stderr
    assert recorded.stderr == plain.stderr
