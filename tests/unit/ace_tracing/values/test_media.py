"""Media in values: recorded whole beside the limits, and never at the cost of the text that stands beside them."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any, Final

import orjson
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ace_tracing.delivery.media import decode_base64
from ace_tracing.values.limits import DEFAULT_LIMITS
from ace_tracing.values.media import MAX_MEDIA_CHARS, MIN_MEDIA_CHARS, find_in_json, media_policy, replace_in
from ace_tracing.values.snapshot import snapshot

PNG: Final = b"\x89PNG\r\n\x1a\n"
MEGABYTE: Final = 1_000_000


def make_png(size: int, seed: int = 0) -> bytes:
    return PNG + random.Random(seed).randbytes(size - len(PNG))


def make_uri(size: int, media_type: str = "image/png", seed: int = 0) -> str:
    return f"data:{media_type};base64,{base64.b64encode(make_png(size, seed)).decode()}"


FIVE_MB: Final = make_uri(5 * MEGABYTE)


@pytest.fixture(autouse=True)
def _attach_again() -> Iterator[None]:
    yield
    media_policy.configure("attach")


def record(value: object) -> Any:
    return orjson.loads(snapshot(value))


class Message(pydantic.BaseModel):
    text: str
    image: str


@pytest.mark.parametrize("wrap", [lambda uri: uri, lambda uri: {"url": uri}, lambda uri: Message(text="a", image=uri)])
def test_an_image_of_five_megabytes_is_recorded_whole(wrap: Any) -> None:
    value = ["before", wrap(FIVE_MB), "after"]
    recorded = record(value)
    assert recorded[0] == "before"
    assert recorded[2] == "after"
    assert FIVE_MB in str(recorded[1])


def test_text_around_an_image_in_one_string_is_whole() -> None:
    text = f"See ![chart]({FIVE_MB}) and say more. " + "word " * 10_000
    assert record({"text": text}) == {"text": text}


def test_images_beyond_the_limit_become_notes_and_texts_stay() -> None:
    value = [{"text": f"page {number}", "image": make_uri(190_000, seed=number)} for number in range(50)]
    recorded = record(value)
    assert [entry["text"] for entry in recorded] == [entry["text"] for entry in value]
    whole = [entry["image"] for entry, given in zip(recorded, value, strict=True) if entry["image"] == given["image"]]
    noted = [entry["image"] for entry in recorded if entry["image"].startswith("<image/png, ")]
    assert len(whole) + len(noted) == len(value)
    assert sum(map(len, whole)) <= MAX_MEDIA_CHARS < sum(map(len, whole)) + len(value[0]["image"])


def test_an_image_beyond_the_limit_is_a_note_in_its_text() -> None:
    recorded = record({"text": f"before {make_uri(6 * MEGABYTE)} after"})
    assert recorded["text"].startswith("before <image/png, 6000000 bytes: not recorded")
    assert recorded["text"].endswith("> after")


def test_long_text_is_cut_and_its_images_are_notes() -> None:
    recorded = record({"text": "x" * 300_000 + make_uri(50_000), "more": "end"})
    assert recorded["text"].startswith("x" * 1_000)
    assert "<cut: " in recorded["text"]
    assert recorded["more"] == "end"
    assert find_in_json(orjson.dumps(recorded).decode()) == []


def test_more_text_than_the_limit_leaves_no_part_of_an_image() -> None:
    recorded = snapshot([make_uri(300_000), *["y" * 200_000] * 10])
    assert b"y" * 1_000 in recorded
    assert find_in_json(recorded.decode()) == []


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_of_an_image_are_a_data_uri(kind: Any) -> None:
    content = make_png(5_000)
    assert record({"image": kind(content)})["image"] == f"data:image/png;base64,{base64.b64encode(content).decode()}"
    assert record({"data": kind(b"no known file" * 1_000)})["data"] == f"<{kind.__name__}: 13000 bytes>"


@pytest.mark.parametrize("mode", ["note", "off"])
def test_bytes_of_an_image_are_not_recorded_in_other_modes(mode: Any) -> None:
    media_policy.configure(mode)
    assert record(make_png(5_000)) == "<bytes: 5000 bytes>"


def test_off_cuts_images_like_text() -> None:
    media_policy.configure("off")
    recorded = record({"image": FIVE_MB, "text": "after"})
    assert recorded["image"].startswith(FIVE_MB[:1_000])
    assert len(recorded["image"]) < 270_000
    assert recorded["text"] == "after"


MEDIA = st.builds(make_uri, st.integers(800, 400_000), st.sampled_from(["image/png", "audio/wav"]), st.integers(0, 5))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).filter(lambda text: ";base64," not in text)
BESIDE = st.sampled_from(["", " ", "\n", '"', "'", ")", "<", "\\", "ä", "…", ".", "?", "; ", "| ", "](x)"])


@given(st.lists(st.tuples(TEXTS, MEDIA, BESIDE, TEXTS), min_size=1, max_size=30))
@settings(max_examples=30)
def test_text_beside_media_is_always_whole(parts: list[tuple[str, str, str, str]]) -> None:
    value = [{"before": before, "content": f"{before}{uri}{beside}{after}"} for before, uri, beside, after in parts]
    recorded = record(value)
    for (before, uri, beside, after), entry in zip(parts, recorded, strict=True):
        assert entry["before"] == before
        text = entry["content"]
        assert text.startswith(before)
        if uri in text:
            assert text == f"{before}{uri}{beside}{after}"
        elif beside:
            assert text.endswith(f"{beside}{after}")


@given(st.lists(st.one_of(TEXTS, MEDIA), max_size=10))
@settings(max_examples=30)
def test_found_media_are_in_order_and_replaceable(parts: list[str]) -> None:
    text = orjson.dumps(parts).decode()
    media = find_in_json(text)
    assert [medium.begin for medium in media] == sorted(medium.begin for medium in media)
    replaced = orjson.loads(replace_in(text, media, lambda medium: "<medium>"))
    long_enough = MIN_MEDIA_CHARS + len("data:image/png;base64,")
    assert replaced == ["<medium>" if ";base64," in part and len(part) >= long_enough else part for part in parts]


JPEG: Final = base64.b64encode(b"\xff\xd8\xff" + bytes(2_000)).decode()
RAW: Final = base64.b64encode(bytes(range(256)) * 10).decode()


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ({"type": "image_url", "image_url": {"url": make_uri(2_000), "detail": "low"}}, "image/png"),
        ({"type": "base64", "media_type": "image/jpeg", "data": JPEG}, "image/jpeg"),
        ({"type": "base64", "media_type": "application/zip", "data": RAW}, "application/zip"),
        ({"type": "input_audio", "input_audio": {"data": RAW, "format": "mp3"}}, "audio/mpeg"),
        ({"inline_data": {"mime_type": "video/mp4", "data": RAW}}, "video/mp4"),
        ({"type": "image", "data": JPEG, "mimeType": "image/jpeg"}, "image/jpeg"),
        ({"file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{RAW}"}}, "application/pdf"),
        ({"b64_json": base64.b64encode(make_png(2_000)).decode()}, "image/png"),
        (f"look: data:audio/ogg;codecs=opus;base64,{RAW}", "audio/ogg"),
    ],
)
def test_the_forms_of_the_model_providers_are_found(value: Any, media_type: str) -> None:
    (medium,) = find_in_json(snapshot(value).decode())
    assert medium.media_type == media_type


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64,",
        "data:image/png;base64,AAAA",
        ";base64," + "A" * 5_000,
        "see data: x;base64," + "A" * 5_000,
        "/9j/ " + "word " * 1_000,
        "iVBORw0KGgo" + "\\" * 5_000,
    ],
)
def test_text_that_only_looks_like_media_is_not_found(text: str) -> None:
    assert find_in_json(orjson.dumps({"data": text}).decode()) == []


@given(st.binary(max_size=300_000))
@settings(max_examples=50)
def test_base64_is_decoded_with_and_without_padding(content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    for text in (encoded, encoded.rstrip("="), base64.urlsafe_b64encode(content).decode()):
        assert decode_base64(text) == content


@pytest.mark.parametrize("text", ["A", "AAAA=AAA", "AA\nAA", "ABCD!", "ä", "====", "A" * 200_001])
def test_damaged_base64_is_recognized(text: str) -> None:
    assert decode_base64(text) is None


def test_media_do_not_lift_the_limit_of_other_values() -> None:
    assert len(snapshot([FIVE_MB, *["x" * 1_000] * 9_000])) < DEFAULT_LIMITS.value_bytes + 4_000
