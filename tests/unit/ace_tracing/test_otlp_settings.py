"""OpenTelemetry's variables: which of them count, in which order, and their values."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.faulty_server import FaultyServer, faulty_server

import ace_tracing
from ace_tracing import ConfigurationError, start_span
from ace_tracing.otlp_settings import OtlpSettings, read_otlp
from kayba_local import LocalServer

PREFIX = "OTEL_EXPORTER_OTLP_"


def read(variables: dict[str, str], endpoint: str | None = None, headers: dict[str, str] | None = None) -> OtlpSettings:
    return read_otlp({name if name.startswith("OTEL_") else PREFIX + name: text for name, text in variables.items()},
                     endpoint, headers)  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "endpoint", "url"),
    [
        ({}, None, "http://localhost:4318/v1/traces"),
        ({"ENDPOINT": ""}, None, "http://localhost:4318/v1/traces"),
        ({"ENDPOINT": "http://c:1"}, None, "http://c:1/v1/traces"),
        ({"ENDPOINT": "http://c:1/"}, None, "http://c:1/v1/traces"),
        ({"ENDPOINT": " https://c/otlp/ "}, None, "https://c/otlp/v1/traces"),
        ({"ENDPOINT": "http://c/v1/traces"}, None, "http://c/v1/traces/v1/traces"),
        ({"TRACES_ENDPOINT": "http://c:1"}, None, "http://c:1"),
        ({"TRACES_ENDPOINT": "http://c:1/"}, None, "http://c:1/"),
        ({"TRACES_ENDPOINT": "http://t/in", "ENDPOINT": "http://c:1"}, None, "http://t/in"),
        ({"TRACES_ENDPOINT": " ", "ENDPOINT": "http://c:1"}, None, "http://c:1/v1/traces"),
        ({"TRACES_ENDPOINT": "http://t", "ENDPOINT": "http://c"}, "http://a", "http://a/v1/traces"),
        ({}, "http://a/", "http://a/v1/traces"),
        ({}, "http://a/v1/traces", "http://a/v1/traces"),
        ({}, "http://a/v1/traces/", "http://a/v1/traces"),
        ({}, "https://a/api/public/otel", "https://a/api/public/otel/v1/traces"),
    ],
)
def test_the_address_follows_from_argument_and_variables(
    variables: dict[str, str], endpoint: str | None, url: str
) -> None:
    assert read(variables, endpoint).url == url


EITHER: dict[str, tuple[str, str, str, Any, Any]] = {
    "HEADERS": ("headers", "a=1", "b=2", (("a", "1"),), (("b", "2"),)),
    "COMPRESSION": ("has_compression", "gzip", "none", True, False),
    "TIMEOUT": ("timeout_s", "3", "4", 3.0, 4.0),
    "PROTOCOL": ("protocol", "http/json", "http/protobuf", "http/json", "http/protobuf"),
    "CERTIFICATE": ("certificate", "/a", "/b", "/a", "/b"),
    "CLIENT_CERTIFICATE": ("client_certificate", "/a", "/b", "/a", "/b"),
    "CLIENT_KEY": ("client_key", "/a", "/b", "/a", "/b"),
}
"""Variables with their field, two values, and its value for each."""


@pytest.mark.parametrize("name", EITHER)
def test_the_variable_for_traces_wins(name: str) -> None:
    field, first, second, first_value, second_value = EITHER[name]
    default = getattr(OtlpSettings(), field)
    for variables, expected in (
        ({}, default),
        ({name: ""}, default),
        ({name: first}, first_value),
        ({f"TRACES_{name}": second}, second_value),
        ({name: first, f"TRACES_{name}": second}, second_value),
        ({name: second, f"TRACES_{name}": first}, first_value),
        ({name: first, f"TRACES_{name}": " "}, first_value),
        ({f"METRICS_{name}": first}, default),
    ):
        assert getattr(read(variables), field) == expected, variables


def test_headers_of_the_call_replace_those_of_the_variables() -> None:
    assert read({"HEADERS": "a=1,b=2"}, headers={"b": "3"}).headers == (("b", "3"),)


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("api-key=secret", {"api-key": "secret"}),
        ("a=1,b=2", {"a": "1", "b": "2"}),
        (" a = 1 , b = 2 ,", {"a": "1", "b": "2"}),
        ("Authorization=Basic%20dXNlcjpw%3D%3D", {"Authorization": "Basic dXNlcjpw=="}),
        ("Authorization=Bearer a=b==", {"Authorization": "Bearer a=b=="}),
        ("a=1%2C2", {"a": "1,2"}),
        ("a=", {"a": ""}),
        ("a=50%", {"a": "50%"}),
    ],
)
def test_headers_are_percent_decoded(text: str, headers: dict[str, str]) -> None:
    assert dict(read({"HEADERS": text}).headers) == headers


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
                       st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(str.strip)))  # fmt: skip
def test_any_encoded_headers_are_read_back(headers: dict[str, str]) -> None:
    text = ",".join(f"{name}={quote(value, safe='')}" for name, value in headers.items())
    assert dict(read({"HEADERS": text}).headers) == headers


@pytest.mark.parametrize(
    "text", ["sesame", "a=1,sesame", "=sesame", "a b=sesame", "a=sesame%0Ab: 2", "a=sesame%E2%82%AC"]
)
def test_headers_that_cannot_be_sent_raise_without_the_value(text: str) -> None:
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_TRACES_HEADERS: ") as caught:
        read({"TRACES_HEADERS": text})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10.0), ("0.5", 0.5), ("100", 100.0), ("10000", 10.0), ("500", 0.5), ("900000", 100.0)]
)
def test_a_timeout_is_in_seconds_or_milliseconds(text: str, seconds: float) -> None:
    assert read({"TIMEOUT": text}).timeout_s == seconds


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("PROTOCOL", "grpc", "4318"),
        ("PROTOCOL", "http", "http/protobuf or http/json"),
        ("COMPRESSION", "zstd", "gzip or none"),
        ("TIMEOUT", "ten", "seconds"),
        ("TIMEOUT", "0", "seconds"),
        ("TIMEOUT", "-1", "seconds"),
        ("TIMEOUT", "nan", "seconds"),
        ("ENDPOINT", "localhost:4317", "http or https"),
        ("ENDPOINT", "grpc://x", "http or https"),
        ("ENDPOINT", "http://[x", "http or https"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a", "service.version"),
    ],
)
def test_a_wrong_variable_raises_with_its_name_and_advice(name: str, text: str, advice: str) -> None:
    for variable in [name] if name.startswith("OTEL_") else [name, f"TRACES_{name}"]:
        full = variable if name.startswith("OTEL_") else PREFIX + variable
        with pytest.raises(ConfigurationError, match=rf"^The environment variable {full}=.*{advice}"):
            read({variable: text})


@pytest.mark.parametrize(
    ("attributes", "name", "expected"),
    [
        ("", "", {"service.name": "unknown_service:python"}),
        ("", "agent", {"service.name": "agent"}),
        ("service.name=a", "", {"service.name": "a"}),
        ("service.name=a", "b", {"service.name": "b"}),
        ("service.name=a%20b, team = x%2Cy", "", {"service.name": "a b", "team": "x,y"}),
        ("service.name=", " ", {"service.name": "unknown_service:python"}),
    ],
)
def test_the_service_name_wins_over_the_resource_attributes(
    attributes: str, name: str, expected: dict[str, str]
) -> None:
    variables = {"OTEL_RESOURCE_ATTRIBUTES": attributes, "OTEL_SERVICE_NAME": name}
    assert dict(read(variables).resource) == expected


def test_no_variable_changes_the_traces_of_kayba(kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "no address",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": "wrong",
        "OTEL_SDK_DISABLED": "true",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_TRACES_SAMPLER": "always_off",
    }.items():
        monkeypatch.setenv(name, text)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    with start_span("step"):
        pass
    assert ace_tracing.shutdown(30).delivered == 1


def record_traces(server: FaultyServer, **arguments: Any) -> int:
    """Record 200 traces, one of which fails, and return how many the collector got."""
    ace_tracing.configure(exporter="otlp", endpoint=server.url, **arguments)
    for number in range(200):
        try:
            with start_span("step"):
                if not number:
                    raise KeyError(number)
        except KeyError:
            pass
    ace_tracing.shutdown(30)
    return len(server.store.traces)


@pytest.mark.parametrize(
    ("variables", "arguments", "least", "most"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, {}, 0, 0),
        ({"OTEL_SDK_DISABLED": "TRUE "}, {}, 0, 0),
        ({"OTEL_SDK_DISABLED": "false"}, {}, 200, 200),
        ({"OTEL_TRACES_EXPORTER": "none"}, {}, 0, 0),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, {}, 200, 200),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, {}, 200, 200),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, {}, 0, 0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, {}, 200, 200),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, {}, 0, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}, {}, 40, 160),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, {}, 0, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio"}, {}, 200, 200),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, {"sample_rate": 0.0}, 1, 1),
    ],
)
def test_the_variables_of_the_sdk_select_the_exported_traces(
    variables: dict[str, str], arguments: dict[str, Any], least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    with faulty_server() as server:
        assert least <= record_traces(server, **arguments) <= most


@pytest.mark.parametrize("sampler", ["always_on", "parentbased_always_on"])
def test_only_a_sampler_that_follows_the_parent_heeds_its_flag(sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}
    with faulty_server() as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        with ace_tracing.continue_trace(headers), start_span("step"):
            pass
        ace_tracing.shutdown(30)
        assert len(server.store.traces) == (0 if sampler.startswith("parentbased") else 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OTEL_SDK_DISABLED", "ture"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
    ],
)
def test_an_unknown_value_of_the_sdk_raises(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv(name, text)
    with pytest.raises(ConfigurationError, match=rf"^The environment variable {name}="):
        ace_tracing.configure(exporter="otlp")


def test_a_switched_off_exporter_ends_the_former_recording(
    kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    with start_span("before"):
        pass
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    ace_tracing.configure(exporter="otlp")
    with start_span("after"):
        pass
    assert ace_tracing.shutdown(30).delivered == 1
