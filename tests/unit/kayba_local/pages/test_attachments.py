"""Attachments on the page: images and audio are shown, files linked, and references shortened."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import Trace, start_span
from kayba_local import LocalServer
from kayba_local.otlp.media import shorten_media
from kayba_local.pages.attachments import find_attachments, shorten_references
from kayba_local.pages.formats import format_text

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
WAV: Final = b"RIFF\x00\x14\x00\x00WAVEfmt " + bytes(range(256)) * 20
ID: Final = "0123abcd-0123-4567-89ab-0123456789ab"
TRACE: Final = f"tr-{7:032x}"


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def sources(self, tag: str, attribute: str = "src") -> list[str]:
        return [str(attributes[attribute]) for name, attributes in self.found if name == tag]


def reference(media_type: str, trace_id: str = TRACE, size: object = 5120) -> str:
    encoded = media_type.replace("/", "%2F").replace("+", "%2B")
    return f"mlflow-attachment://{ID}?content_type={encoded}&trace_id={trace_id}&size={size}"


def test_the_page_shows_what_a_traced_call_recorded(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    with start_span("describe") as span:
        span.set_inputs({"picture": PNG, "question": "What is this?", "sound": WAV})
        span.set_outputs({"report": f"data:text/html;base64,{base64.b64encode(b'<script>' * 500).decode()}"})
    trace_id = last_trace().info.trace_id
    with httpx.Client(base_url=tracing.url) as http:
        response = http.get(f"/trace/{trace_id}")
        page = Elements(response.text)
        (image,) = page.sources("img")
        (audio,) = page.sources("audio")
        assert http.get(image).content == PNG
        assert http.get(audio).content == WAV
        assert http.get(audio).headers["content-type"] == "audio/wav"
        (document,) = [
            url for url in page.sources("a", "href") if url.startswith("/attachment/") and url not in (image, audio)
        ]
        assert http.get(document).headers["content-disposition"].startswith("attachment")
    assert "What is this?" in response.text
    assert "[image/png, 5.13 KB]" in response.text
    assert "mlflow-attachment" not in response.text
    assert "img-src 'self'; media-src 'self'" in response.headers["content-security-policy"]


def test_the_list_shows_the_text_beside_a_large_image(tracing: LocalServer) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(PNG[:8] + bytes(5_000_000)).decode()}"
    with start_span("describe") as span:
        span.set_inputs({"picture": uri, "question": "What is this?"})
    assert ace_tracing.flush()
    assert "What is this?" in httpx.get(tracing.url).text


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", "image"),
        ("image/webp", "image"),
        ("audio/mpeg", "audio"),
        ("image/svg+xml", "file"),
        ("text/html", "file"),
        ("application/pdf", "file"),
    ],
)
def test_the_kind_follows_from_the_media_type(media_type: str, kind: str) -> None:
    (found,) = find_attachments({"parts": [{"text": f"see {reference(media_type)}."}, 5, None]})
    assert found == (kind, f"/attachment/{TRACE}/{ID}", f"{media_type}, 5.12 KB")


@pytest.mark.parametrize(
    "text",
    [
        "mlflow-attachment://",
        f"mlflow-attachment://{ID}",
        f"mlflow-attachment://../../etc?content_type=image%2Fpng&trace_id={TRACE}",
        reference("image/png", trace_id="tr-7"),
        reference('image/png" onerror="alert(1)'),
        reference("javascript:alert(1)"),
    ],
)
def test_a_damaged_reference_is_text(text: str) -> None:
    assert find_attachments([text]) == []
    assert shorten_references(text) == text


def test_each_attachment_is_shown_once() -> None:
    assert len(find_attachments([reference("image/png")] * 3)) == 1


def test_text_beside_references_is_not_cut_for_them() -> None:
    value = [{"text": f"page {number}", "image": reference("image/png")} for number in range(100)]
    assert "page 99" in format_text(value)


@given(
    st.recursive(
        st.text() | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_has_a_list_of_attachments(value: Any) -> None:
    assert find_attachments([value, reference("image/gif")])[-1].kind == "image"


INLINE: Final = base64.b64encode(PNG[:8] + bytes(3_000_000)).decode()


@pytest.mark.parametrize(
    "image",
    [
        {"url": f"data:image/png;base64,{INLINE}"},
        {"type": "base64", "media_type": "image/png", "data": INLINE},
        f"see data:image/png;base64,{INLINE}",
    ],
)
def test_an_image_in_a_span_of_another_client_hides_no_text(http: httpx.Client, image: Any) -> None:
    inputs = json.dumps([{"text": "What is this?"}, {"image": image}, {"text": "Answer in one word."}])
    span = {
        "traceId": f"{9:032x}",
        "spanId": f"{9:016x}",
        "name": "look",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
        "attributes": [{"key": "mlflow.spanInputs", "value": {"stringValue": inputs}}],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    http.post("/api/mlflow/v1/traces", json=body, headers={"x-mlflow-experiment-id": "0"}).raise_for_status()
    info = http.get(f"/api/mlflow/api/3.0/mlflow/traces/tr-{9:032x}").json()["trace"]["trace_info"]
    for text in (info["request_preview"], http.get(f"/trace/tr-{9:032x}").text):
        assert "What is this?" in text
        assert "[image/png, 3 MB]" in text
        assert "Answer in one word." in text


@pytest.mark.parametrize(
    "text", ["data:image/png;base64,AAAA", "x" * 5_000, "SUQz " + "word " * 1_000, ";base64," * 500]
)
def test_other_texts_are_shown_as_they_are(text: str) -> None:
    assert shorten_media(text) == text
