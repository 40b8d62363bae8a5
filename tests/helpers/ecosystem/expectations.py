"""The expected table: the frameworks, their cases that do not exist, and the known gaps with their reasons."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.helpers.ecosystem.checks import WHOLE_RUN

MODES: Final = {"bridge": "ace-tracing", "sdk": "OpenTelemetry's SDK"}
"""The recorders of `run_cases.py`, with their titles."""

FRAMEWORKS: Final = (
    "openai",
    "anthropic",
    "langchain",
    "langgraph",
    "litellm",
    "pydantic-ai",
    "openai-agents",
    "llama-index",
    "crewai",
    "dspy",
    "smolagents",
    "strands",
)

CLIENT: Final = "The library is a client: the program runs the tools itself."
NO_ASYNC: Final = "The framework has no asynchronous calls."
NO_STREAM: Final = "The framework gives no stream of a model to its caller."

MISSING: Final[dict[tuple[str, str], str]] = {
    ("openai", "tool span"): CLIENT,
    ("anthropic", "tool span"): CLIENT,
    ("litellm", "tool span"): CLIENT,
    ("anthropic", "reasoning tokens"): "Anthropic reports no tokens for reasoning.",
    ("smolagents", "cancelled"): NO_ASYNC,
    ("dspy", "abandoned"): NO_STREAM,
    ("crewai", "abandoned"): NO_STREAM,
}
"""The checks that do not apply to a framework, with the reason."""


class Gap(NamedTuple):
    """A known gap. It must exist: a test fails when an instrumentor has become right.

    Attributes:
        framework: The framework.
        modes: The recorders with this gap.
        check: The check that finds it.
        cases: The wrong cases of the program.
        reason: The cause, a sentence.
    """

    framework: str
    modes: tuple[str, ...]
    check: str
    cases: tuple[str, ...]
    reason: str


BOTH: Final = tuple(MODES)
SDK: Final = ("sdk",)
BRIDGE: Final = ("bridge",)
NO_EMBEDDINGS: Final = 'LangChain has no callbacks for embeddings. `instrument("openai")` records those of OpenAI.'
NO_CANCELLATION: Final = (
    "LangChain's callbacks report no end of a cancelled call. ace-tracing keeps its span as interrupted, without type; "
    "OpenTelemetry's SDK loses it."
)
NO_INPUTS_OF_ERRORS: Final = "The model span of a failed call has no inputs. Those of the agent have the question."
NO_PARTIAL_TEXT: Final = "The text of a stream is recorded only when the stream ends."
PREPARATION: Final = "The instrumentation gives the type `LLM` also to the step that prepares the request."
UNENDED_AGENT: Final = (
    "The span of a failed run is never ended. ace-tracing ends it when it is freed; the SDK loses it."
)
UNENDED_STRANDS: Final = (
    "Strands does not end the spans of a cancelled run. ace-tracing ends them when they are freed; the SDK loses them."
)
DETACHED: Final = (
    "Strands detaches OpenTelemetry's context in another task. ace-tracing ignores it; the SDK logs a traceback."
)
INPUT_AND_OUTPUT: Final = "The instrumentation reads only the sums of input and output tokens from these calls."
NO_REASONING: Final = "Strands passes on no tokens for reasoning."
GAPS: Final = (
    Gap("langchain", BOTH, "model spans", ("embeddings",), NO_EMBEDDINGS),
    Gap("langchain", BOTH, "tokens", ("embeddings",), NO_EMBEDDINGS),
    Gap("langchain", BOTH, "question", ("embeddings",), NO_EMBEDDINGS),
    Gap("langchain", BOTH, "cancelled", ("cancelled",), NO_CANCELLATION),
    Gap("langgraph", BOTH, "cancelled", ("cancelled",), NO_CANCELLATION),
    Gap("pydantic-ai", BOTH, "question", ("error",), NO_INPUTS_OF_ERRORS),
    Gap("openai-agents", BOTH, "question", ("error",), NO_INPUTS_OF_ERRORS),
    Gap("openai-agents", BOTH, "cached tokens", ("chat_completions", "chat_completions_tools"), INPUT_AND_OUTPUT),
    Gap("openai-agents", BOTH, "reasoning tokens", ("chat_completions", "chat_completions_tools"), INPUT_AND_OUTPUT),
    Gap("openai-agents", BOTH, "abandoned", ("abandoned",), NO_PARTIAL_TEXT),
    Gap("llama-index", BOTH, "model spans", ("tools",), PREPARATION),
    Gap("llama-index", BOTH, "abandoned", ("abandoned",), NO_PARTIAL_TEXT),
    Gap("smolagents", BOTH, "cached tokens", ("chat", "tools", "stream"), INPUT_AND_OUTPUT),
    Gap("smolagents", BOTH, "reasoning tokens", ("chat", "tools", "stream"), INPUT_AND_OUTPUT),
    Gap("smolagents", SDK, "one tree", ("error",), UNENDED_AGENT),
    Gap("strands", BOTH, "reasoning tokens", ("chat", "chat_async", "tools", "stream"), NO_REASONING),
    Gap("strands", SDK, "cancelled", ("cancelled",), UNENDED_STRANDS),
    Gap("strands", SDK, "abandoned", ("abandoned",), UNENDED_STRANDS),
    Gap("strands", BRIDGE, "abandoned", ("abandoned",), NO_PARTIAL_TEXT),
    Gap("strands", SDK, "quiet log", (WHOLE_RUN,), DETACHED),
)


def find_gaps(framework: str, mode: str, check: str) -> list[Gap]:
    """Return the known gaps of a cell of the table."""
    return [gap for gap in GAPS if (gap.framework, gap.check) == (framework, check) and mode in gap.modes]
