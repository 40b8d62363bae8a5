"""`kayba traces`, `upload` and `batch`: upload, list, show, batch and delete trace files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from tests.helpers.interop.published_cli import Cli

UPLOADS: Final = [["upload"], ["traces", "upload"]]
TRANSCRIPT: Final = "# User\nWhere is my order?\n\n# Agent\nIt is in Zürich — 発送済み. ✅\n"
CONVERSATION: Final = json.dumps({"messages": [{"role": "user", "content": "Where is my order?"}]})


def list_traces(kayba: Cli) -> dict[str, dict[str, Any]]:
    """Return the listed traces, by file name."""
    return {trace["filename"]: trace for trace in kayba.read_list("traces", "list")}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


@pytest.mark.interop("`upload`")
@pytest.mark.interop("`traces list`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_uploaded_files_get_the_type_of_their_extension(kayba: Cli, upload: list[str]) -> None:
    write(kayba.folder, {"a.md": TRANSCRIPT, "b.json": CONVERSATION, "c.jsonl": CONVERSATION, "d.log": "done"})
    output = kayba(*upload, "a.md", "b.json", "c.jsonl", "d.log")
    assert output.startswith("Uploaded 4 trace(s).\n")
    assert re.findall(r"^  (\S+)  (\S+)$", output, re.MULTILINE) == [
        (trace["id"], name) for name, trace in sorted(list_traces(kayba).items())
    ]
    assert {name: (trace["fileType"], trace["size"]) for name, trace in list_traces(kayba).items()} == {
        "a.md": ("md", len(TRANSCRIPT.encode())),
        "b.json": ("json", len(CONVERSATION)),
        "c.jsonl": ("json", len(CONVERSATION)),
        "d.log": ("txt", 4),
    }


@pytest.mark.interop("`upload`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_a_folder_is_uploaded_recursively(kayba: Cli, upload: list[str]) -> None:
    write(kayba.folder, {"runs/one.md": "1", "runs/monday/two.json": "{}", "runs/monday/late/three.txt": "3"})
    assert "Uploaded 3 trace(s)." in kayba(*upload, "runs")
    assert set(list_traces(kayba)) == {"one.md", "two.json", "three.txt"}


@pytest.mark.interop("`upload`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_standard_input_is_uploaded(kayba: Cli, upload: list[str]) -> None:
    kayba(*upload, "-", "--type", "md", stdin=TRANSCRIPT)
    (trace,) = list_traces(kayba).values()
    assert (trace["filename"], trace["fileType"]) == ("stdin.txt", "md")
    assert json.loads(kayba("traces", "show", trace["id"], "--json"))["content"] == TRANSCRIPT


@pytest.mark.interop("`upload`")
def test_a_large_upload_is_split_into_several_requests(kayba: Cli) -> None:
    write(kayba.folder, {f"runs/{number}.txt": f"{number}" * 340_000 for number in range(7)})
    assert "Uploaded 7 trace(s)." in kayba("upload", "runs")
    assert {trace["size"] for trace in list_traces(kayba).values()} == {340_000}


@pytest.mark.interop("`upload`")
@pytest.mark.interop("Errors")
def test_a_file_over_the_size_limit_is_refused(kayba: Cli) -> None:
    write(kayba.folder, {"wide.txt": "発" * 340_000})
    assert "[PAYLOAD_TOO_LARGE]" in kayba.run_failing("upload", "wide.txt")
    assert list_traces(kayba) == {}


@pytest.mark.interop("`traces list`")
def test_traces_are_listed_as_a_table(kayba: Cli) -> None:
    assert "No traces found" in kayba("traces", "list")
    write(kayba.folder, {"a.md": TRANSCRIPT})
    kayba("upload", "a.md")
    (trace,) = list_traces(kayba).values()
    (row,) = (line for line in kayba("traces", "list").splitlines() if trace["id"] in line)
    assert row.split()[1:5] == ["a.md", "md", f"{trace['size']}", "B"]
    assert row.endswith("just now")


@pytest.mark.interop("`traces show`")
def test_show_prints_metadata_and_content(kayba: Cli) -> None:
    write(kayba.folder, {"a.md": TRANSCRIPT})
    kayba("upload", "a.md")
    (trace,) = list_traces(kayba).values()
    metadata = kayba("traces", "show", trace["id"], "--meta")
    for line in (f"ID:       {trace['id']}", "Filename: a.md", "Type:     md", f"Uploaded: {trace['uploadedAt']}"):
        assert line in metadata
    assert kayba("traces", "show", trace["id"]).removeprefix(metadata).strip("─\n") == TRANSCRIPT.strip()
    assert json.loads(kayba("traces", "show", trace["id"], "--json")) == {**trace, "content": TRANSCRIPT}


@pytest.mark.interop("`traces show`")
@pytest.mark.interop("Errors")
def test_an_unknown_trace_is_named_in_the_error(kayba: Cli) -> None:
    output = kayba.run_failing("traces", "show", "never-uploaded")
    assert "[NOT_FOUND]" in output
    assert "never-uploaded" in output


@pytest.mark.interop("`traces delete`")
def test_traces_are_deleted(kayba: Cli) -> None:
    write(kayba.folder, {"a.md": "a", "b.md": "b", "c.md": "c"})
    kayba("upload", "a.md", "b.md", "c.md")
    ids = {name: trace["id"] for name, trace in list_traces(kayba).items()}
    assert kayba("traces", "delete", ids["a.md"], ids["b.md"], "--force").split() == [
        *("Deleted", ids["a.md"]),
        *("Deleted", ids["b.md"]),
    ]
    assert set(list_traces(kayba)) == {"c.md"}
    assert "1 deletion(s) failed" in kayba.run_failing("traces", "delete", ids["a.md"], ids["c.md"], "--force")
    assert list_traces(kayba) == {}


@pytest.mark.interop("`batch`")
def test_batches_are_planned_and_uploaded(kayba: Cli) -> None:
    write(kayba.folder, {"runs/a.md": TRANSCRIPT, "runs/b.json": CONVERSATION, "runs/c.txt": "done"})
    asked = kayba("batch", "runs")
    assert all(name in asked for name in ("a.md", "b.json", "c.txt"))
    assert json.loads((kayba.folder / "batches.json").read_text())["summary"]["total_traces"] == 3
    batches = {"orders": {"trace_files": ["a.md", "b.json"]}, "rest": {"trace_files": ["c.txt"]}}
    write(kayba.folder, {"batches.json": json.dumps({"batches": batches})})
    output = kayba("batch", "runs", "--apply", "batches.json", "--min-batch-size", "1", "--upload")
    assert "Uploaded batch 'orders': 2 trace(s)." in output
    assert "Uploaded batch 'rest': 1 trace(s)." in output
    assert set(list_traces(kayba)) == {"a.md", "b.json", "c.txt"}


@pytest.mark.interop("Errors")
@pytest.mark.parametrize(
    "command",
    [
        *(["traces", "list"], ["insights", "list"], ["prompts", "list"], ["integrations", "list"]),
        *(["traces", "show", "x"], ["status", "x"], ["materialize", "x"], ["insights", "generate"]),
    ],
    ids=" ".join,
)
def test_a_wrong_key_is_refused(kayba: Cli, command: list[str]) -> None:
    output = Cli(kayba.command, kayba.url, "kb-wrong", kayba.folder).run_failing(*command)
    assert "[UNAUTHORIZED]" in output
    assert "key" in output
