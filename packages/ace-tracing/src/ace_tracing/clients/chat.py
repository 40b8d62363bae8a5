"""Chat completions: folds the chunks of a stream into the answer that OpenAI returns without a stream."""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.clients.fields import extra_fields_of, fields_of, is_text, read, read_text
from ace_tracing.clients.pieces import Delta, Room, Text

_HEAD: Final = ("id", "created", "model", "system_fingerprint", "service_tier")
_OBJECTS: Final = {"chat.completion.chunk": "chat.completion"}


class _Choice:
    """One choice of an answer."""

    __slots__ = ("finish_reason", "logprobs", "message", "text")

    def __init__(self) -> None:
        self.message = Delta()
        self.text: Text | None = None
        self.logprobs: Delta | None = None
        self.finish_reason: str | None = None

    def to_json(self, index: int) -> dict[str, Any]:
        answer: dict[str, Any] = {"index": index, "finish_reason": self.finish_reason}
        if self.text is not None:
            answer["text"] = self.text.join()
        else:
            # A stream that ends early may have sent no role.
            answer["message"] = {"role": "assistant", "content": None, **self.message.to_json()}
        if self.logprobs is not None:
            answer["logprobs"] = self.logprobs.to_json()
        return answer


class ChatFold:
    """Fold of chunks: texts and arguments of tool calls are joined, by choice.

    Attributes:
        usage: The last usage that a chunk reported.
        model: The model that answers.
    """

    __slots__ = ("_choices", "_head", "_room", "model", "usage")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._head: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self.usage: Any = None
        self.model: str | None = None

    def add(self, item: object) -> bool:
        """Fold one chunk, or the chunk of an event. Other events repeat what the chunks contain.

        Returns:
            False if the chunk begins another answer than the one of the chunks before; it is not folded.
        """
        # This runs for each piece of a text, so it reads each object once.
        fields = fields_of(item)
        inner = fields.get("chunk")
        if inner is not None:
            item, fields = inner, fields_of(inner)
        choices = fields.get("choices")
        if type(choices) is not list:
            return True
        choices = [fields_of(choice) or extra_fields_of(choice) for choice in list.copy(choices)]
        head = self._head
        if "id" not in head:
            self._add_head(item)
        elif fields.get("id") != head["id"] and self._is_other_answer(choices):
            return False
        usage = fields.get("usage")
        if usage is None and not choices:
            # LiteLLM's usage is no declared field.
            usage = read(item, "usage")
        if usage is not None:
            self.usage = usage
        for choice in choices:
            self._add_choice(choice)
        return True

    def _is_other_answer(self, choices: list[dict[str, Any]]) -> bool:
        """Return whether a chunk with another id begins another answer. Some servers give each chunk an id."""
        if any(choice.finish_reason for choice in self._choices.values()):
            return bool(choices)
        return any(read_text(choice.get("delta"), "role") for choice in choices)

    def _add_head(self, item: object) -> None:
        for name in _HEAD:
            value = read(item, name)
            if is_text(value):
                value = self._room.take(str.__str__(value)) or None
            if name not in self._head and (type(value) is str or type(value) is int):
                self._head[name] = value
        kind = read_text(item, "object") or "chat.completion"
        self._head.setdefault("object", _OBJECTS.get(kind, kind[:100]))
        self.model = self._head.get("model")

    def _add_choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index")
        index = index if type(index) is int else 0
        state = self._choices.get(index)
        if state is None:
            if not self._room.take_part():
                return
            state = self._choices[index] = _Choice()
        delta = choice.get("delta")
        if delta is not None:
            state.message.add(delta, self._room)
        elif is_text(text := choice.get("text")):
            state.text = state.text or Text()
            state.text.add(str.__str__(text), self._room)
        reason = choice.get("finish_reason")
        if reason is not None and is_text(reason):
            state.finish_reason = str.__str__(reason)[:100] or None
        logprobs = choice.get("logprobs")
        if logprobs is not None:
            state.logprobs = state.logprobs or Delta()
            state.logprobs.add(logprobs, self._room)

    def to_json(self) -> dict[str, Any]:
        """Return the answer so far."""
        choices = [choice.to_json(index) for index, choice in sorted(self._choices.items())]
        usage = None if self.usage is None else self._room.take_copy(self.usage)
        return {**self._head, "choices": choices, "usage": usage}
