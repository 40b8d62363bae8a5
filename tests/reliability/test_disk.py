"""A disk that is full, read-only, gone or corrupt costs one warning and no trace that could be kept: point 20."""

from __future__ import annotations

import json
import os
import random
import stat
from pathlib import Path

import pytest
from tests.helpers.faulty_server import Answer, faulty_server
from tests.helpers.programs import Programs, beside_warnings, names, told_in

posix = pytest.mark.skipif(os.name != "posix", reason="the platform has no modes, limits and users of this kind")

COUNT = 500


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.point(20)
@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param("full", marks=posix),
        pytest.param("full later", marks=posix),
        pytest.param("read-only", marks=posix),
        "a file in its place",
        pytest.param("deleted", marks=posix),
        pytest.param("deleted, full later", marks=posix),
    ],
)
def test_without_a_disk_traces_are_kept_in_memory_with_one_warning(programs: Programs, trouble: str) -> None:
    with faulty_server(up=False) as server:
        process = programs.start("bad_disk", server.url, trouble, COUNT)
        assert process.stdout is not None
        assert process.stdout.readline(), process.communicate()[1]
        server.answer_with(Answer())
        server.up()
        out, err = process.communicate(timeout=60)
        assert (process.returncode, beside_warnings(err)) == (0, [])
        told = json.loads(out)
        assert (told["delivered"], told["pending"], told["dropped"]) == (COUNT, 0, 0)
        assert {name: times for name, times in server.store.names.items() if name != "warm0"} == names(COUNT)
        # A folder that was deleted may be made again, which is worth no warning.
        assert len(told["said"]) in ((0, 1) if trouble == "deleted" else (1,)), told["said"]


@posix
@pytest.mark.point(20)
def test_the_spool_is_its_owner_s_alone(programs: Programs, spool_folder: Path) -> None:
    with faulty_server(up=False) as server:
        assert programs.run("trace_and_end", server.url, 20, "os._exit").returncode == 5
        found = [spool_folder, *spool_folder.rglob("*")]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()}
        assert modes == {0o700}
        assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
        server.up()
        programs.report("deliver", server.url, "all")
        assert files_below(spool_folder) == []
        assert [path for path in spool_folder.iterdir() if path.is_dir()] == []


def test_memory_only_leaves_no_file(programs: Programs, spool_folder: Path) -> None:
    with faulty_server() as server:
        assert programs.run("trace_and_end", server.url, 20, "return", spool=False).returncode == 0
        assert not spool_folder.exists() or files_below(spool_folder) == []


def segments_of(folder: Path, told: list[str]) -> dict[Path, dict[str, int]]:
    """The files that hold traces: where in each, and how far, each trace is."""
    found: dict[Path, dict[str, int]] = {}
    for path in files_below(folder):
        content = path.read_bytes()
        ends = {each: max(content.rfind(bytes.fromhex(each)), content.rfind(each.encode())) for each in told}
        if within := {each: end for each, end in ends.items() if end >= 0}:
            found[path] = within
    return found


FRAME_BYTES = 4_096
"""More than a frame of these traces takes after the last mention of the trace's id."""


@pytest.mark.point(20)
@pytest.mark.parametrize("how", ["cut off", "overwritten", "zeroed", "a bit flipped", "longer"])
def test_of_a_corrupt_segment_whole_frames_are_recovered(
    programs: Programs, tmp_path: Path, spool_folder: Path, how: str
) -> None:
    told_path = tmp_path / "told"
    with faulty_server(up=False) as server:
        assert programs.run("tell_and_end", server.url, told_path, COUNT).returncode == 5
        told = told_in(told_path)
        assert len(told) == COUNT
        ((segment, places),) = segments_of(spool_folder, told).items()
        at = sorted(places.values())[len(places) // 2]
        corrupt(segment, at, how)
        whole = {each for each, end in places.items() if end + FRAME_BYTES < at} if how != "longer" else set(told)
        assert whole
        server.up()
        left = programs.report("deliver", server.url, "all")
        assert left["pending"] == 0
        stored = server.store.traces
        assert whole <= stored.keys()
        if how == "a bit flipped":
            # It may have been one of an id's.
            assert len(stored.keys() - set(told)) <= 1
            assert len(stored) >= COUNT - 2, "what follows a broken frame is whole"
        else:
            assert stored.keys() <= set(told)
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
def test_foreign_files_in_the_spool_do_no_harm(programs: Programs, spool_folder: Path) -> None:
    with faulty_server(up=False) as server:
        assert programs.run("trace_and_end", server.url, 20, "os._exit").returncode == 5
        for folder in [spool_folder, *(path for path in spool_folder.rglob("*") if path.is_dir())]:
            (folder / "README").write_text("not ours")
            (folder / "segment-0").write_bytes(random.randbytes(10_000))
        (spool_folder / "123").mkdir()
        (spool_folder / "empty").write_bytes(b"")
        server.up()
        assert programs.report("deliver", server.url, "end")["pending"] == 0
        assert server.store.names == names(20)
        assert (spool_folder / "README").read_text() == "not ours"
