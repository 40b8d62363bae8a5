"""Model calls: inputs and outputs of a model's span as attributes of the GenAI conventions. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.delivery.otlp.messages import Json, convert_messages, convert_response, instructions_of, text_message

INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOLS: Final = "gen_ai.tool.definitions"
OTHER_INPUTS: Final = "kayba.inputs.other"
"""Arguments of a call for which the conventions have no name, beside its messages."""

_PARAMETERS: Final = {
    "model": "gen_ai.request.model",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "n": "gen_ai.request.choice.count",
    "stream": "gen_ai.request.stream",
}
_NUMBERS: Final = (
    "temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed", "count",
)  # fmt: skip


def write_call(attributes: Json, inputs: Any, *, is_model: bool) -> bool:
    """Write the inputs of a span as messages and parameters. Return False for inputs without messages.

    Args:
        attributes: The attributes to complete.
        inputs: The inputs: messages, or the arguments of a function that takes messages.
        is_model: Whether the span is a call of a model, whose arguments have the usual meaning.
    """
    messages = convert_messages(inputs) if isinstance(inputs, list) else None
    if messages is not None:
        attributes.setdefault(INPUT_MESSAGES, messages)
        return True
    if not isinstance(inputs, dict):
        return False
    name = _find_messages(inputs, is_model=is_model)
    if name is None:
        return False
    rest = {key: value for key, value in inputs.items() if key != name}
    given = inputs[name]
    messages = [text_message("user", given)] if isinstance(given, str) else convert_messages(given)
    attributes.setdefault(INPUT_MESSAGES, messages)
    if is_model:
        rest = _write_parameters(attributes, rest)
    if rest:
        attributes.setdefault(OTHER_INPUTS, rest)
    return True


def write_response(attributes: Json, outputs: Any, *, is_model: bool) -> bool:
    """Write the outputs of a span as messages. Return False for outputs without messages.

    Args:
        attributes: The attributes to complete.
        outputs: The outputs: a message, messages, a response of a model, or of a model's span a text.
        is_model: Whether the span is a call of a model.
    """
    if is_model and isinstance(outputs, str):
        messages: list[Json] | None = [text_message("assistant", outputs)]
    else:
        messages = convert_response(outputs)
    if messages is None:
        return False
    attributes.setdefault(OUTPUT_MESSAGES, messages)
    reasons = [message["finish_reason"] for message in messages if "finish_reason" in message]
    if is_model and reasons:
        attributes.setdefault("gen_ai.response.finish_reasons", reasons)
    if is_model and isinstance(outputs, dict):
        for key, name in (("id", "gen_ai.response.id"), ("model", "gen_ai.response.model")):
            if isinstance(outputs.get(key), str):
                attributes.setdefault(name, outputs[key])
        _write_usage(attributes, outputs.get("usage"))
    return True


def _find_messages(inputs: Json, *, is_model: bool) -> str | None:
    """Return the name of the argument that is messages. None if there is none, or more than one."""
    found = [name for name, value in inputs.items() if isinstance(value, list) and convert_messages(value) is not None]
    if "messages" in found:
        return "messages"
    if is_model and not found and isinstance(inputs.get("input"), str) and "model" in inputs:
        # OpenAI's Responses API takes a text in place of messages.
        return "input"
    return found[0] if len(found) == 1 else None


def _write_parameters(attributes: Json, arguments: Json) -> Json:
    """Write the arguments that the conventions have names for. Return the others."""
    rest = {}
    for name, value in arguments.items():
        parameter = _PARAMETERS.get(name)
        if value is None:
            continue
        if name in ("system", "instructions") and (parts := instructions_of(value)) is not None:
            attributes.setdefault(INSTRUCTIONS, parts)
        elif name == "tools" and isinstance(value, list):
            attributes.setdefault(TOOLS, value)
        elif parameter is not None and _has_type(parameter, value):
            values = [value] if parameter.endswith("stop_sequences") and isinstance(value, str) else value
            attributes.setdefault(parameter, values)
        else:
            rest[name] = value
    return rest


def _has_type(parameter: str, value: Any) -> bool:
    """Return whether a value has the type that the conventions give a parameter."""
    last = parameter.rpartition(".")[2]
    if last in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if last == "stream":
        return isinstance(value, bool)
    if last == "stop_sequences":
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
    return isinstance(value, str)


def _write_usage(attributes: Json, usage: Any) -> None:
    """Write the tokens that OpenAI and Anthropic report in a response, unless others are set."""
    if not isinstance(usage, dict):
        return
    counts = {name: count for name, count in usage.items() if type(count) is int}
    read, written = (counts.get(f"cache_{each}_input_tokens", 0) for each in ("read", "creation"))
    if "input_tokens" in counts:
        # Only Anthropic has these two names, and its input tokens do not include them.
        attributes.setdefault("gen_ai.usage.input_tokens", counts["input_tokens"] + read + written)
    elif "prompt_tokens" in counts:
        attributes.setdefault("gen_ai.usage.input_tokens", counts["prompt_tokens"])
    for name in ("output_tokens", "completion_tokens"):
        if name in counts:
            attributes.setdefault("gen_ai.usage.output_tokens", counts[name])
    if read:
        attributes.setdefault("gen_ai.usage.cache_read.input_tokens", read)
    if written:
        attributes.setdefault("gen_ai.usage.cache_write.input_tokens", written)
