"""`configure` with each argument and environment variable, and folders."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import ConfigurationError, Trace, start_span, trace
from kayba_local import LocalServer, serve


@pytest.fixture(autouse=True)
def _afterwards() -> None:
    yield  # type: ignore[misc]
    ace_tracing.shutdown()


def found_on(server: LocalServer, name: str) -> bool:
    """Return whether a trace of that name reached the server."""
    ace_tracing.configure(api_key="kb-reader", base_url=server.url)
    return any(trace_.info.name == name for trace_ in ace_tracing.search_traces())


def test_the_error_without_a_key_names_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="KAYBA_API_KEY"):
        ace_tracing.configure()
    with pytest.raises(ValueError, match="api_key="):
        ace_tracing.configure(api_key="")


@pytest.mark.parametrize("url", ["use.kayba.ai", "ftp://use.kayba.ai", "http://", "http://host:port", "http://[::1"])
def test_an_invalid_address_raises(url: str) -> None:
    with pytest.raises(ConfigurationError, match="KAYBA_API_URL"):
        ace_tracing.configure(api_key="kb-test", base_url=url)


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/", "/api/mlflow", "/api/mlflow/"])
def test_every_form_of_the_address_reaches_the_host(kayba_server: LocalServer, suffix: str) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url + suffix)
    with start_span("hello"):
        pass
    assert ace_tracing.flush().delivered == 1


def test_key_and_address_come_from_the_environment(kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_API_KEY", "kb-test")
    monkeypatch.setenv("KAYBA_API_URL", f"{kayba_server.url}/api")
    ace_tracing.configure()
    with start_span("from the environment"):
        pass
    assert ace_tracing.flush()
    assert found_on(kayba_server, "from the environment")


def test_arguments_take_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(api_key="kb-right") as server:
        monkeypatch.setenv("KAYBA_API_KEY", "kb-wrong")
        monkeypatch.setenv("KAYBA_API_URL", "http://127.0.0.1:9")
        ace_tracing.configure(api_key="kb-right", base_url=server.url)
        with start_span("hello"):
            pass
        assert ace_tracing.flush().delivered == 1


def test_configure_does_no_io_and_starts_no_thread() -> None:
    before = threading.active_count()
    ace_tracing.configure(api_key="kb-test", base_url="http://127.0.0.1:9")
    assert threading.active_count() == before


def test_a_missing_experiment_is_created(kayba_server: LocalServer) -> None:
    for _ in range(2):
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url, experiment="my-experiment")
        with start_span("in an experiment"):
            pass
        ace_tracing.shutdown()

    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    with start_span("elsewhere"):
        pass
    names = [trace_.info.name for trace_ in ace_tracing.search_traces(experiment_names=["my-experiment"])]
    assert names == ["in an experiment"] * 2
    assert [trace_.info.name for trace_ in ace_tracing.search_traces()] == ["elsewhere"]


def test_each_trace_goes_to_the_service_of_its_start(kayba_server: LocalServer) -> None:
    with serve() as other:
        ace_tracing.configure(api_key="kb-test", base_url=other.url)
        with start_span("first"):
            pass
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
        with start_span("second"):
            pass
        assert ace_tracing.flush() == ace_tracing.Delivery(delivered=2)
        assert found_on(other, "first")
        assert not found_on(other, "second")
    assert found_on(kayba_server, "second")


def test_the_folder_is_a_tag_also_on_a_failed_trace(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, folder="production")
    assert ace_tracing.get_folder() == "production"

    @trace
    def bad() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised above, without a message
        bad()
    read = last_trace()
    assert read.info.state == "ERROR"
    assert read.info.tags["kayba.folder"] == "production"
    assert read.info.folder == "production"


def test_set_folder_applies_to_later_traces(tracing: LocalServer) -> None:
    with start_span("one"):
        ace_tracing.set_folder("staging")
        with start_span("child"):
            pass
    with start_span("two"):
        pass
    ace_tracing.set_folder(None)
    with start_span("three"):
        pass
    assert ace_tracing.get_folder() is None
    folders = {trace_.info.name: trace_.info.folder for trace_ in ace_tracing.search_traces()}
    assert folders == {"one": None, "two": "staging", "three": None}


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("production", "production"),
        ("team/a b_c-1.2", "team/a b_c-1.2"),
        ("<b>bold</b>", "bold"),
        ("<script>alert(1)</script>", "alert1"),
        ("  spaces  ", "spaces"),
        ("käse\n\t🧀", "kse"),
        ("<>", None),
        ("💥", None),
        ("", None),
        (None, None),
        ("x" * 300, "x" * 256),
        ("x" * 255 + " y", "x" * 255),
        (" \t ", None),
        ("日本語", "xn--wgv71a119e"),
        ("日本語/レポート 2", "xn--wgv71a119e/ 2"),
        ("team/日本/a", "team/xn--wgv71a/a"),
        ("Отчёты: май", "xn-- -6rb9ctbn8aa3bzb8c"),
        ("हिन्दी", "xn--j2bd4cyah0f"),
        ("\u00e9", "xn--9ca"),
    ],
)
def test_folder_names_are_cleaned(name: str | None, folder: str | None) -> None:
    ace_tracing.set_folder(name)
    assert ace_tracing.get_folder() == folder
    ace_tracing.set_folder(None)


@pytest.mark.parametrize(
    ("name", "after"), [("käse", "'kse'"), ("a: b", "'a b'"), ("日本語", "'xn--wgv71a119e'"), ("💥", "unfiled")]
)
@pytest.mark.parametrize("enter", [ace_tracing.set_folder, lambda name: ace_tracing.folder(name).__enter__()])
def test_a_changed_folder_name_is_logged_once(
    caplog: pytest.LogCaptureFixture, name: str, after: str, enter: Callable[[str], object]
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    for _ in range(3):
        enter(name)
    ace_tracing.set_folder(None)
    (record,) = caplog.records
    assert name in record.getMessage()
    assert after in record.getMessage()


def test_a_folder_of_the_configuration_is_logged_when_it_changes(
    tracing: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, folder="レポート")
    with ace_tracing.start_span("filed"):
        pass
    folder = ace_tracing.get_folder()
    assert folder is not None
    assert f"'レポート' is filed as {folder!r}" in caplog.text
    assert ace_tracing.search_traces()[0].info.folder == folder
    assert len(ace_tracing.search_traces(folder="レポート")) == 1


@pytest.mark.parametrize("name", ["production", "team/a b_c-1.2", " spaces ", "", " ", None])
def test_a_folder_name_that_stays_is_not_logged(caplog: pytest.LogCaptureFixture, name: str | None) -> None:
    ace_tracing.set_folder(name)
    ace_tracing.set_folder(None)
    assert caplog.records == []


@given(st.text())
def test_cleaning_a_folder_twice_changes_nothing(name: str) -> None:
    ace_tracing.set_folder(name)
    once = ace_tracing.get_folder()
    ace_tracing.set_folder(once)
    assert ace_tracing.get_folder() == once
    assert once is None or (0 < len(once) <= 256 and not set(once) & set("<>\"'&;:\n"))
    ace_tracing.set_folder(None)
