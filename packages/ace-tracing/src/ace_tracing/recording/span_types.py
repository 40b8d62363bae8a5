"""The kinds of steps that services know by name; any other string may be used as well."""

from __future__ import annotations

import enum


class SpanType(enum.StrEnum):
    """What kind of step a span is."""

    AGENT = "AGENT"
    LLM = "LLM"
    CHAT_MODEL = "CHAT_MODEL"
    CHAIN = "CHAIN"
    TOOL = "TOOL"
    RETRIEVER = "RETRIEVER"
    EMBEDDING = "EMBEDDING"
    RERANKER = "RERANKER"
    PARSER = "PARSER"
    MEMORY = "MEMORY"
    GUARDRAIL = "GUARDRAIL"
    EVALUATOR = "EVALUATOR"
    WORKFLOW = "WORKFLOW"
    TASK = "TASK"
    UNKNOWN = "UNKNOWN"
