"""Model calls: inputs and outputs of a model's span as attributes of the GenAI conventions. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ace_tracing.delivery.otlp.messages import Json, convert_messages, convert_response, instructions_of, text_message

INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOLS: Final = "gen_ai.tool.definitions"
OTHER_INPUTS: Final = "kayba.inputs.other"
"""Arguments of a call for which the conventions have no name, beside its messages."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
_PARAMETERS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "model": ("gen_ai.request.model", _is_text),
    "temperature": ("gen_ai.request.temperature", _is_number),
    "top_p": ("gen_ai.request.top_p", _is_number),
    "top_k": ("gen_ai.request.top_k", _is_number),
    "max_tokens": ("gen_ai.request.max_tokens", _is_number),
    "max_completion_tokens": ("gen_ai.request.max_tokens", _is_number),
    "max_output_tokens": ("gen_ai.request.max_tokens", _is_number),
    "frequency_penalty": ("gen_ai.request.frequency_penalty", _is_number),
    "presence_penalty": ("gen_ai.request.presence_penalty", _is_number),
    "seed": ("gen_ai.request.seed", _is_number),
    "stop": (_STOP_SEQUENCES, _is_text_or_texts),
    "stop_sequences": (_STOP_SEQUENCES, _is_text_or_texts),
    "n": ("gen_ai.request.choice.count", _is_number),
    "stream": ("gen_ai.request.stream", _is_bool),
}
"""Names of arguments, with the attribute and the check of the type that the conventions give it."""
_NO_PARAMETER: Final = "", lambda _: False


def write_call(attributes: Json, inputs: Any, *, is_model: bool) -> bool:
    """Write the inputs of a span as messages and parameters. Return False for inputs without messages.

    Args:
        attributes: The attributes to complete.
        inputs: The inputs: messages, or the arguments of a function that takes messages.
        is_model: Whether the span is a call of a model, whose arguments have the usual meaning.
    """
    if isinstance(inputs, dict):
        return _write_arguments(attributes, inputs, is_model=is_model)
    messages = convert_messages(inputs) if isinstance(inputs, list) else None
    if messages is None:
        return False
    attributes.setdefault(INPUT_MESSAGES, messages)
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


def _write_arguments(attributes: Json, arguments: Json, *, is_model: bool) -> bool:
    """Write the arguments of a function that takes messages. Return False for any others."""
    found = _find_messages(arguments, is_model=is_model)
    if found is None:
        return False
    name, messages = found
    attributes.setdefault(INPUT_MESSAGES, messages)
    rest = {key: value for key, value in arguments.items() if key != name}
    if is_model:
        rest = _write_parameters(attributes, rest)
    if rest:
        attributes.setdefault(OTHER_INPUTS, rest)
    return True


def _find_messages(arguments: Json, *, is_model: bool) -> tuple[str, list[Json]] | None:
    """Return the name and the messages of the argument that is messages. None if there is none, or more than one."""
    given = arguments.get("messages")
    if isinstance(given, list) and (messages := convert_messages(given)) is not None:
        return "messages", messages
    found = [
        (name, messages)
        for name, value in arguments.items()
        if isinstance(value, list) and (messages := convert_messages(value)) is not None
    ]
    if is_model and not found and isinstance(text := arguments.get("input"), str) and "model" in arguments:
        # OpenAI's Responses API takes a text in place of messages.
        return "input", [text_message("user", text)]
    return found[0] if len(found) == 1 else None


def _write_parameters(attributes: Json, arguments: Json) -> Json:
    """Write the arguments that the conventions have names for. Return the others."""
    rest = {}
    for name, value in arguments.items():
        if value is None:
            continue
        attribute, has_type = _PARAMETERS.get(name, _NO_PARAMETER)
        if has_type(value):
            values = [value] if attribute == _STOP_SEQUENCES and isinstance(value, str) else value
            attributes.setdefault(attribute, values)
        elif name in ("system", "instructions") and (parts := instructions_of(value)) is not None:
            attributes.setdefault(INSTRUCTIONS, parts)
        elif name == "tools" and isinstance(value, list):
            attributes.setdefault(TOOLS, value)
        else:
            rest[name] = value
    return rest


def _write_usage(attributes: Json, usage: Any) -> None:
    """Write the tokens that OpenAI and Anthropic report in a response, unless others are set."""
    if not isinstance(usage, dict):
        return
    counts = {name: count for name, count in usage.items() if type(count) is int}
    read = counts.get("cache_read_input_tokens", 0)
    written = counts.get("cache_creation_input_tokens", 0)
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
