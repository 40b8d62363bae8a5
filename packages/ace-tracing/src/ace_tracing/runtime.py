"""Public control of tracing: `configure`, `enable`, `disable`, `flush`, `shutdown` and `tracing_status`.

It connects the stages: Tracer -> frames -> Buffer -> Assembler -> Worker -> encoder -> Exporter -> kayba_api.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from ace_tracing.clocks import monotonic
from ace_tracing.process import deliver_at_exit, process, shut_down
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.prices import Prices, price_table
from ace_tracing.recording.tracer import Tracer
from ace_tracing.values.masking import Mask
from ace_tracing.values.media import MediaMode, media_policy

if TYPE_CHECKING:
    from ace_tracing.delivery.http.client import ServiceClient
    from ace_tracing.delivery.status import Delivery, State, TracingStatus
    from ace_tracing.pipeline import Pipeline
    from ace_tracing.recording.trace import RemoteParentMode

FLUSH_TIMEOUT_S: Final = 30.0
SEND_PATIENCE_S: Final = 3.0
"""How long a read waits for an attempt to send the finished traces that succeeds."""
SHOW_RUNNING_AFTER_S: Final = 5.0
NO_KAYBA: Final = (
    "Traces are sent to an OTLP collector only, and a collector cannot be {action}: send them to Kayba, with "
    "configure(exporter=('kayba', 'otlp'), api_key=...)."
)
Exporter = Literal["kayba", "otlp"]
"""A destination of traces."""


def configure(
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    exporter: Exporter | Sequence[Exporter] = "kayba",
    endpoint: str | None = None,
    headers: Mapping[str, str] | None = None,
    experiment: str | None = None,
    folder: str | None = None,
    sample_rate: float = 1.0,
    keep_errors: bool = True,
    keep_slower_than: float | None = None,
    remote_parent: RemoteParentMode = "auto",
    mask: Mask | None = None,
    prices: Prices = None,
    media: MediaMode | None = None,
    spool: bool = True,
    show_running_after: float | None = SHOW_RUNNING_AFTER_S,
) -> None:
    """Configure where traces are sent and start recording.

    No request is made until the first trace ends, or runs for `show_running_after` seconds. If an earlier process left
    traces for this service, a background thread sends them at once. A second call replaces the whole configuration;
    traces that finished before it still go to the former service. With the environment variable
    `KAYBA_TRACING_DISABLED=1` it checks and starts nothing. In a capture of `ace_tracing.testing`, it needs no key, and
    configures the capture even with that variable.

    Args:
        api_key: The Kayba API key. The environment variable `KAYBA_API_KEY` by default.
        base_url: The service's address, with or without `/api`. The environment variable `KAYBA_API_URL`, then
            `https://use.kayba.ai`, by default.
        exporter: The destination: `"kayba"`, `"otlp"` for any OpenTelemetry collector, which needs no API key, or
            `("kayba", "otlp")` for both. A collector receives the names of OpenTelemetry's GenAI conventions. Each
            destination gets every trace, also after an outage of the other one. Reading and feedback need Kayba.
        endpoint: The collector's address with `exporter="otlp"`, to which `/v1/traces` is added unless it ends with it.
            `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, then `OTEL_EXPORTER_OTLP_ENDPOINT`, then `http://localhost:4318`, by
            default. The other variables of OpenTelemetry's exporters, resource and samplers count as well; the guide
            on export has the table.
        headers: HTTP headers of the requests to the collector, such as `{"api-key": "..."}`. They replace those of
            `OTEL_EXPORTER_OTLP_HEADERS`.
        experiment: The name of the experiment that groups the traces, created if it is missing. `Default` by default.
        folder: The folder that traces are filed in, as in `set_folder`. Unfiled by default.
        sample_rate: The share of traces to keep, 0.0 to 1.0. The trace's id decides, so services that share a trace
            keep or drop it together.
        keep_errors: Whether to keep failed traces regardless of the rate.
        keep_slower_than: The duration in seconds above which traces are kept regardless of the rate.
        remote_parent: How far the `traceparent` of an incoming request is followed. `"auto"`: the request continues the
            caller's trace. A caller that records with this SDK decides about sampling and experiment. Any other caller
            decides only to keep a trace, with the sampled flag 01: the flag 00, which load balancers set on every
            request, leaves the decision to this service's rate. `"follow"`: as `"auto"`, but the flag 00 of any caller
            means that the request is not recorded. `"own"`: the request continues the caller's trace with this
            service's sampling and experiment, whoever the caller is. `"ignore"`: the request starts a new trace, with a
            link to the caller's span; use it for a service that callers outside of your control reach.
        mask: Called with a plain JSON copy of every value that leaves the process (inputs, outputs, attributes,
            exceptions, tags, metadata, session, user, and the names of spans, traces, agents and events). It returns
            the value to record. When it raises, the value is withheld. The experiment and the folder are not masked.
        prices: US dollars per million tokens by model, such as `{"my-model": {"input": 1.5, "output": 6}}`, which
            replace prices of the package's table; None for a model without a price. With False, no cost is computed.
        media: The recording of images, audio and files in inputs and outputs: base64 texts of more than 1,024
            characters, data URIs among them, and `bytes` of an image, audio or a PDF. `"attach"`: they are uploaded as
            attachments of the trace, and a reference stands in their place. One value keeps 5 MB of them, and a note
            stands for each of the others. `"note"`: a note with type, size and hash stands for each. `"off"`: base64
            texts are recorded and cut like any text. The environment variable `KAYBA_MEDIA`, then `"attach"`, by
            default.
        spool: Whether traces wait in files that survive the process, in the folder `KAYBA_SPOOL_DIR`, by default in a
            folder of the user's. The files are not encrypted, and only the user can read them. With False, traces wait
            in memory and are lost when the process is killed.
        show_running_after: The age in seconds from which on a running trace is visible on the service, in the state
            `IN_PROGRESS`, with the spans that have ended. `flush` shows all running traces at once. A trace that ends
            earlier costs nothing. None sends traces only when they have ended.

    Raises:
        ConfigurationError: The key is missing, or an argument or a variable has a wrong type or value. The message
            contains the correct values. It is also a `ValueError`.
    """
    given = dict(locals())
    # Imported here: without these modules, `import ace_tracing` takes half as long.
    from ace_tracing.delivery.fork import no_fork

    with no_fork():
        from ace_tracing.arguments import read_arguments
        from ace_tracing.capture import configure_capture, is_capturing, is_key_optional
        from ace_tracing.settings import apply_sampling_variables, create_sampler, is_disabled, media_mode, resolve

        if is_disabled() and not is_capturing():
            return
        from ace_tracing.delivery.fork import register_exit_delivery
        from ace_tracing.delivery.http.client import ServiceClient
        from ace_tracing.delivery.uwsgi import warn_of_missing_threads
        from ace_tracing.pipeline import Pipeline, build_delivery, use_certificates
        from ace_tracing.propagation.executors import propagate_into_pools
    checked = read_arguments("configure", given)
    names = ("api_key", "base_url", "experiment", "folder", "spool", "exporter", "endpoint", "headers")
    checked = apply_sampling_variables(checked)
    settings = resolve(*(checked[name] for name in names), requires_key=not is_key_optional())
    settings = replace(settings, show_running_after=checked["show_running_after"])
    media_policy.configure(media_mode(checked["media"]))
    sampler = create_sampler(*(checked[name] for name in ("sample_rate", "keep_errors", "keep_slower_than")))
    if is_disabled() or not (settings.has_kayba or settings.otlp):
        if not (is_disabled() or is_key_optional()):
            # The environment keeps the OTLP exporter, which is the only one, off.
            _retire_pipeline()
            return
        price_table.configure(checked["prices"])
        configure_capture(settings.experiment, settings.folder, mask, checked["remote_parent"])
        return
    with process.lock:
        previous = process.pipeline
        if previous and previous.settings.same_service(settings):
            service, workers, buffer = previous.service, previous.workers, previous.tracer.sink
            for worker in workers:
                worker.show_running(settings.show_running_after)
            use_certificates(workers, settings)
        else:
            service = ServiceClient(settings.base_url, settings.api_key) if settings.has_kayba else None
            workers, buffer = build_delivery(settings, service)
            if previous:
                process.retired += previous.workers
                former, worker = previous.workers[0], workers[0]
                is_rejected = former.is_paused and not is_capturing() and former.destination == worker.destination
                if is_rejected and former.is_spooled and worker.is_spooled and len(previous.workers) == 1:
                    # The service rejects the former key or address. The new worker may send the spooled traces.
                    former.close(0.0)
                    former.hand_over(worker)
                    worker.start()
                else:
                    for former in previous.workers:
                        former.retire()
        tracer = Tracer(buffer, settings.experiment, settings.folder, sampler, mask, checked["remote_parent"])
        process.pipeline = Pipeline(settings, service, workers, tracer)
        price_table.configure(checked["prices"])
        configure_capture(settings.experiment, settings.folder, mask, tracer.remote_parent)
        process.capture_defaults = None
        process.update_tracer()
    propagate_into_pools()
    for worker in workers:
        if worker.has_orphans() and not is_capturing():
            worker.start()
    register_exit_delivery(deliver_at_exit)
    warn_of_missing_threads()


def _retire_pipeline() -> None:
    """Stop recording. Traces that have finished are still sent."""
    with process.lock:
        if process.pipeline is not None:
            process.retired += process.pipeline.workers
            for worker in process.pipeline.workers:
                worker.retire()
            process.pipeline = None
            process.update_tracer()


def set_folder(folder: str | None) -> None:
    """File the traces that start from now on in `folder`. None means unfiled.

    HTML tags and every character other than ASCII letters, digits, space and `_ - / .` are removed from the name, and
    it is cut at 256 characters. A part between slashes without ASCII letters and digits, such as a Japanese name, is
    encoded in Punycode. A changed name is logged. A trace keeps the folder it started with.

    Raises:
        ConfigurationError: `folder` is neither text nor None.
    """
    from ace_tracing.arguments import read_arguments

    checked = read_arguments("set_folder", {"folder": folder})
    with process.lock:
        process.folder = clean_folder(checked["folder"])
        if tracer := process.tracer:
            tracer.file(tracer.experiment, process.folder)


def get_folder() -> str | None:
    """Return the folder of new traces, or None when they are unfiled."""
    return process.folder


def enable() -> None:
    """Resume recording after `disable`. Tracing is enabled at the start and records after `configure`."""
    with process.lock:
        process.enabled = True
        process.update_tracer()


def disable() -> None:
    """Stop recording until `enable`. Running spans still end, and finished traces are still sent."""
    with process.lock:
        process.enabled = False
        process.update_tracer()


def flush(timeout: float = FLUSH_TIMEOUT_S) -> Delivery:
    """Send every finished trace and the ended spans of running traces now, and wait at most `timeout` seconds.

    It does nothing before `configure`.

    Args:
        timeout: The time limit in seconds. 0, or less, sends without waiting.

    Returns:
        The numbers of delivered, pending and dropped traces. It is true when none is pending or dropped.

    Raises:
        ConfigurationError: `timeout` is not a number.
    """
    from ace_tracing.arguments import read_arguments
    from ace_tracing.delivery.status import Delivery

    deadline = monotonic() + read_arguments("flush", {"timeout": timeout})["timeout"]
    with process.lock:
        workers = process.workers
    if not workers:
        return Delivery()
    from ace_tracing.delivery.worker import hurry

    hurry(workers)
    return sum((worker.flush(max(0.0, deadline - monotonic())) for worker in workers), Delivery())


def send_finished(timeout: float) -> None:
    """Send every finished trace before a read, and wait at most `timeout` seconds.

    The wait ends early when no attempt succeeds for `SEND_PATIENCE_S`, or when the service was failing before and still
    is: the read itself reports the failure. It does nothing before `configure`.

    Args:
        timeout: The time limit in seconds.
    """
    deadline = monotonic() + timeout
    with process.lock:
        # No read depends on the other destinations.
        workers = [worker for worker in process.workers if worker.destination == "kayba"]
    if not workers:
        return
    from ace_tracing.delivery.worker import hurry

    hurry(workers)
    for worker in workers:
        worker.flush(max(0.0, deadline - monotonic()), SEND_PATIENCE_S)


def shutdown(timeout: float | None = None) -> Delivery:
    """Stop recording and send every finished trace. `configure` starts tracing again.

    It is called automatically when the process exits.

    Args:
        timeout: The time limit in seconds. By default 1.5 if the spool keeps undelivered traces for the next process,
            and 5 otherwise.

    Returns:
        The numbers of delivered, pending and dropped traces.

    Raises:
        ConfigurationError: `timeout` is neither a number nor None.
    """
    if timeout is not None:
        from ace_tracing.arguments import read_arguments

        timeout = read_arguments("shutdown", {"timeout": timeout})["timeout"]
    return shut_down(timeout)


def tracing_status() -> TracingStatus:
    """Return the numbers of delivered, pending and dropped traces, and the state of the sender.

    It never waits and never raises.
    """
    from ace_tracing.delivery.status import Delivery, TracingStatus, combine

    with process.lock:
        workers = process.workers
        current = process.pipeline.workers if process.pipeline else workers[-1:]
    if not workers:
        return TracingStatus()
    state: State | None = None if process.pipeline and process.enabled else "off"
    former = sum((worker.delivery() for worker in workers[: -len(current)]), Delivery())
    return combine([each.status(state) for each in current], [each.destination for each in current], former)


def service() -> ServiceClient:
    """Return the configured service, for queries.

    Raises:
        ConfigurationError: `configure` was not called, or traces are sent to a collector only.
    """
    if process.pipeline is None:
        from ace_tracing.errors import ConfigurationError

        raise ConfigurationError("Tracing is not configured: call configure(api_key=...) first.")
    if process.pipeline.service is None:
        from ace_tracing.errors import ConfigurationError

        raise ConfigurationError(NO_KAYBA.format(action="read from"))
    return process.pipeline.service


def require_feedback() -> None:
    """Raise unless feedback has a destination: Kayba, or a capture.

    Raises:
        ConfigurationError: Traces are sent to a collector only.
    """
    if process.capture_tracer is None and process.pipeline is not None and process.pipeline.service is None:
        from ace_tracing.errors import ConfigurationError

        raise ConfigurationError(NO_KAYBA.format(action="given feedback through"))


def tracer() -> Tracer:
    """Return the tracer of the running capture, or of the configuration, also while recording is disabled.

    Raises:
        ConfigurationError: `configure` was not called, and no capture runs.
    """
    found = process.tracer
    if found is None:
        from ace_tracing.errors import ConfigurationError

        raise ConfigurationError("Tracing is not configured: call configure(api_key=...) first.")
    return found


def default_experiment() -> str | None:
    """Return the name of the experiment of new traces, or None for the service's default."""
    return process.pipeline.settings.experiment if process.pipeline else None


def pipeline() -> Pipeline | None:
    """Return the configured pipeline, or None while recording is disabled or not configured."""
    return process.pipeline if process.enabled else None


def is_enabled() -> bool:
    """Return whether recording is enabled. It may still not be configured."""
    return process.enabled


def is_configured() -> bool:
    """Return whether tracing is configured."""
    return process.pipeline is not None
