"""A full, read-only, deleted or corrupt disk causes one warning and loses no readable trace: point 20."""

from __future__ import annotations

import json
import os
import random
import stat
from pathlib import Path

import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, numbered_names, read_line, recorded_ids, unexpected_lines

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes, limits and users")

COUNT = 500


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.point(20)
@pytest.mark.parametrize(
    "failure",
    [
        pytest.param("full", marks=posix),
        pytest.param("full later", marks=posix),
        pytest.param("read-only", marks=posix),
        "a file in its place",
        pytest.param("deleted", marks=posix),
        pytest.param("deleted, full later", marks=posix),
    ],
)
def test_failing_disk_keeps_traces_in_memory_with_one_warning(programs: Programs, failure: str) -> None:
    with faulty_server(up=False) as server:
        process = programs.start("bad_disk", server.url, failure, COUNT)
        read_line(process)
        server.respond_with(FakeResponse())
        server.up()
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert (process.returncode, unexpected_lines(err)) == (0, []), err
        report = json.loads(out)
        assert (report["delivered"], report["pending"], report["dropped"]) == (COUNT, 0, 0)
        assert {name: times for name, times in server.store.names.items() if name != "warm0"} == numbered_names(COUNT)
        # A deleted folder may be created again, which needs no warning.
        assert len(report["warnings"]) in ((0, 1) if failure == "deleted" else (1,)), report["warnings"]


@posix
@pytest.mark.point(20)
def test_spool_is_accessible_to_its_owner_only(programs: Programs, spool_folder: Path) -> None:
    with faulty_server(up=False) as server:
        programs.run("trace_and_exit", server.url, 20, "os._exit", code=5)
        found = [spool_folder, *spool_folder.rglob("*")]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()}
        assert modes == {0o700}
        assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
        server.up()
        programs.report("deliver", server.url, "all")
        assert files_below(spool_folder) == []
        assert [path for path in spool_folder.iterdir() if path.is_dir()] == []


def test_process_without_spool_leaves_no_file(programs: Programs, spool_folder: Path) -> None:
    with faulty_server() as server:
        programs.run("trace_and_exit", server.url, 20, "return", spool=False)
        assert not spool_folder.exists() or files_below(spool_folder) == []


def segments_of(folder: Path, ids: list[str]) -> dict[Path, dict[str, int]]:
    """Return the files that contain traces, each with the offset of the last occurrence of each trace's id."""
    found: dict[Path, dict[str, int]] = {}
    for path in files_below(folder):
        content = path.read_bytes()
        ends = {each: max(content.rfind(bytes.fromhex(each)), content.rfind(each.encode())) for each in ids}
        if within := {each: end for each, end in ends.items() if end >= 0}:
            found[path] = within
    return found


FRAME_BYTES = 4_096
"""More than the length of a frame of these traces behind the last occurrence of the trace's id."""


@pytest.mark.point(20)
@pytest.mark.parametrize("how", ["cut off", "overwritten", "zeroed", "a bit flipped", "longer"])
def test_whole_frames_of_a_corrupt_segment_are_recovered(
    programs: Programs, tmp_path: Path, spool_folder: Path, how: str
) -> None:
    id_file = tmp_path / "ids"
    with faulty_server(up=False) as server:
        programs.run("record_ids", server.url, id_file, COUNT, code=5)
        ids = recorded_ids(id_file)
        assert len(ids) == COUNT
        ((segment, places),) = segments_of(spool_folder, ids).items()
        at = sorted(places.values())[len(places) // 2]
        corrupt(segment, at, how)
        whole = {each for each, end in places.items() if end + FRAME_BYTES < at} if how != "longer" else set(ids)
        assert whole
        server.up()
        left = programs.report("deliver", server.url, "all")
        assert left["pending"] == 0
        stored = server.store.traces
        assert whole <= stored.keys()
        if how == "a bit flipped":
            # The bit may belong to a trace's id.
            assert len(stored.keys() - set(ids)) <= 1
            assert len(stored) >= COUNT - 2, "frames behind a damaged one are whole"
        else:
            assert stored.keys() <= set(ids)
        assert files_below(spool_folder) == []


def corrupt(segment: Path, at: int, how: str) -> None:
    with segment.open("r+b") as file:
        match how:
            case "cut off":
                file.truncate(at)
            case "overwritten":
                file.seek(at)
                file.write(random.randbytes(FRAME_BYTES))
            case "zeroed":
                file.seek(at)
                file.write(bytes(FRAME_BYTES))
            case "a bit flipped":
                file.seek(at)
                (byte,) = file.read(1)
                file.seek(at)
                file.write(bytes((byte ^ 1,)))
            case "longer":
                file.seek(0, os.SEEK_END)
                file.write(random.randbytes(FRAME_BYTES))


@pytest.mark.point(20)
def test_foreign_files_in_the_spool_are_left_alone(programs: Programs, spool_folder: Path) -> None:
    with faulty_server(up=False) as server:
        programs.run("trace_and_exit", server.url, 20, "os._exit", code=5)
        for folder in [spool_folder, *(path for path in spool_folder.rglob("*") if path.is_dir())]:
            (folder / "README").write_text("not ours")
            (folder / "segment-0").write_bytes(random.randbytes(10_000))
        (spool_folder / "123").mkdir()
        (spool_folder / "empty").write_bytes(b"")
        server.up()
        assert programs.report("deliver", server.url, 20)["pending"] == 0
        assert server.store.names == numbered_names(20)
        assert (spool_folder / "README").read_text() == "not ours"
