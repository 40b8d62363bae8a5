"""Trace files: uploaded from files, folders and standard input, listed, shown, batched, deleted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.interop.published_cli import Cli

UPLOADS = [["upload"], ["traces", "upload"]]
TRANSCRIPT = "# User\nWhere is my order?\n\n# Agent\nIt is in Zürich — 発送済み. ✅\n"
CONVERSATION = json.dumps({"messages": [{"role": "user", "content": "Where is my order?"}]})


def listed(kayba: Cli) -> dict[str, dict[str, Any]]:
    """The list's entries, by name."""
    return {trace["filename"]: trace for trace in kayba.read("traces", "list")}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


@pytest.mark.interop("`upload`")
@pytest.mark.interop("`traces list`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_files_are_uploaded_with_the_types_of_their_names(kayba: Cli, upload: list[str]) -> None:
    write(kayba.folder, {"a.md": TRANSCRIPT, "b.json": CONVERSATION, "c.jsonl": CONVERSATION, "d.log": "done"})
    said = kayba(*upload, "a.md", "b.json", "c.jsonl", "d.log")
    assert said.startswith("Uploaded 4 trace(s).\n")
    assert re.findall(r"^  (\S+)  (\S+)$", said, re.MULTILINE) == [
        (trace["id"], name) for name, trace in sorted(listed(kayba).items())
    ]
    assert {name: (trace["fileType"], trace["size"]) for name, trace in listed(kayba).items()} == {
        "a.md": ("md", len(TRANSCRIPT.encode())),
        "b.json": ("json", len(CONVERSATION)),
        "c.jsonl": ("json", len(CONVERSATION)),
        "d.log": ("txt", 4),
    }


@pytest.mark.interop("`upload`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_a_folder_is_uploaded_with_all_below_it(kayba: Cli, upload: list[str]) -> None:
    write(kayba.folder, {"runs/one.md": "1", "runs/monday/two.json": "{}", "runs/monday/late/three.txt": "3"})
    assert "Uploaded 3 trace(s)." in kayba(*upload, "runs")
    assert set(listed(kayba)) == {"one.md", "two.json", "three.txt"}


@pytest.mark.interop("`upload`")
@pytest.mark.parametrize("upload", UPLOADS, ids=" ".join)
def test_standard_input_is_uploaded(kayba: Cli, upload: list[str]) -> None:
    kayba(*upload, "-", "--type", "md", stdin=TRANSCRIPT)
    (trace,) = listed(kayba).values()
    assert (trace["filename"], trace["fileType"]) == ("stdin.txt", "md")
    assert json.loads(kayba("traces", "show", trace["id"], "--json"))["content"] == TRANSCRIPT


@pytest.mark.interop("`upload`")
def test_more_than_a_request_may_hold_is_uploaded_in_several(kayba: Cli) -> None:
    write(kayba.folder, {f"runs/{number}.txt": f"{number}" * 340_000 for number in range(7)})
    assert "Uploaded 7 trace(s)." in kayba("upload", "runs")
    assert {trace["size"] for trace in listed(kayba).values()} == {340_000}


@pytest.mark.interop("`upload`")
@pytest.mark.interop("Errors")
def test_a_file_over_the_cap_is_refused_by_its_size(kayba: Cli) -> None:
    write(kayba.folder, {"wide.txt": "発" * 340_000})
    assert "[PAYLOAD_TOO_LARGE]" in kayba.refused("upload", "wide.txt")
    assert listed(kayba) == {}


@pytest.mark.interop("`traces list`")
def test_the_list_is_a_table(kayba: Cli) -> None:
    assert "No traces found" in kayba("traces", "list")
    write(kayba.folder, {"a.md": TRANSCRIPT})
    kayba("upload", "a.md")
    (trace,) = listed(kayba).values()
    (row,) = (line for line in kayba("traces", "list").splitlines() if trace["id"] in line)
    assert row.split()[1:5] == ["a.md", "md", f"{trace['size']}", "B"]
    assert row.endswith("just now")


@pytest.mark.interop("`traces show`")
def test_a_trace_is_shown(kayba: Cli) -> None:
    write(kayba.folder, {"a.md": TRANSCRIPT})
    kayba("upload", "a.md")
    (trace,) = listed(kayba).values()
    metadata = kayba("traces", "show", trace["id"], "--meta")
    for told in (f"ID:       {trace['id']}", "Filename: a.md", "Type:     md", f"Uploaded: {trace['uploadedAt']}"):
        assert told in metadata
    assert kayba("traces", "show", trace["id"]).removeprefix(metadata).strip("─\n") == TRANSCRIPT.strip()
    assert json.loads(kayba("traces", "show", trace["id"], "--json")) == {**trace, "content": TRANSCRIPT}


@pytest.mark.interop("`traces show`")
@pytest.mark.interop("Errors")
def test_a_trace_that_is_not_there_is_named(kayba: Cli) -> None:
    said = kayba.refused("traces", "show", "never-uploaded")
    assert "[NOT_FOUND]" in said
    assert "never-uploaded" in said


@pytest.mark.interop("`traces delete`")
def test_traces_are_deleted(kayba: Cli) -> None:
    write(kayba.folder, {"a.md": "a", "b.md": "b", "c.md": "c"})
    kayba("upload", "a.md", "b.md", "c.md")
    ids = {name: trace["id"] for name, trace in listed(kayba).items()}
    assert kayba("traces", "delete", ids["a.md"], ids["b.md"], "--force").split() == [
        *("Deleted", ids["a.md"]),
        *("Deleted", ids["b.md"]),
    ]
    assert set(listed(kayba)) == {"c.md"}
    assert "1 deletion(s) failed" in kayba.refused("traces", "delete", ids["a.md"], ids["c.md"], "--force")
    assert listed(kayba) == {}


@pytest.mark.interop("`batch`")
def test_a_plan_of_batches_is_asked_for_and_uploaded(kayba: Cli) -> None:
    write(kayba.folder, {"runs/a.md": TRANSCRIPT, "runs/b.json": CONVERSATION, "runs/c.txt": "done"})
    asked = kayba("batch", "runs")
    assert all(name in asked for name in ("a.md", "b.json", "c.txt"))
    assert json.loads((kayba.folder / "batches.json").read_text())["summary"]["total_traces"] == 3
    batches = {"orders": {"trace_files": ["a.md", "b.json"]}, "rest": {"trace_files": ["c.txt"]}}
    write(kayba.folder, {"batches.json": json.dumps({"batches": batches})})
    said = kayba("batch", "runs", "--apply", "batches.json", "--min-batch-size", "1", "--upload")
    assert "Uploaded batch 'orders': 2 trace(s)." in said
    assert "Uploaded batch 'rest': 1 trace(s)." in said
    assert set(listed(kayba)) == {"a.md", "b.json", "c.txt"}


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
    said = Cli(kayba.command, kayba.url, "kb-wrong", kayba.folder).refused(*command)
    assert "[UNAUTHORIZED]" in said
    assert "key" in said
