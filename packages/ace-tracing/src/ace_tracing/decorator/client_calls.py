"""Calls of a model: the facts that a client's answer or stream has, recorded on the span of the traced function."""

from __future__ import annotations

from typing import Any

from ace_tracing.clients.answers import ModelCall, note_recorded, read_answer, was_recorded
from ace_tracing.clients.fields import read_text
from ace_tracing.clients.helpers import read_gathered
from ace_tracing.clients.recognition import Recognized
from ace_tracing.clients.streams import StreamFold
from ace_tracing.diagnostics import guard
from ace_tracing.recording.model_calls import complete_model_call
from ace_tracing.recording.span import LiveSpan


@guard("reading the answer of a client")
def record_answer(span: LiveSpan, answer: object) -> None:
    """Record type, model, provider and tokens of a client's answer. The user's own facts stay.

    Nothing is recorded for a value that is no answer, or for an answer that another span has recorded: the function
    around a call returns the same one, and makes no call.
    """
    call = read_answer(answer)
    if call is not None and not was_recorded(answer):
        note_recorded(answer)
        _record_call(span, call)


def _record_call(span: LiveSpan, call: ModelCall) -> None:
    complete_model_call(span, span_type=call.span_type, model=call.model, provider=call.provider, tokens=call.tokens)


class ClientItems:
    """The items of a client's stream, folded into the answers that the client returns without a stream."""

    __slots__ = ("_fold", "_helper", "_noted")

    def __init__(self) -> None:
        self._noted: Any = None
        self._fold = StreamFold()
        self._helper: Any = None

    def watch(self, stream: object, recognized: Recognized) -> None:
        """Note the stream itself: it can know more than its items."""
        self._helper = stream
        if recognized.library == "litellm":
            self._fold.provider = read_text(stream, "custom_llm_provider")

    def add(self, item: object, recognized: Recognized) -> None:
        """Fold an item of a client's stream."""
        self._fold.add(item, recognized)

    def note_answer(self, answer: object) -> None:
        """Note an answer of the stream, unless the stream of another span has noted it."""
        if not was_recorded(answer):
            note_recorded(answer)
            self._noted = answer

    def record(self, span: LiveSpan) -> list[Any]:
        """Record the facts of the calls, and return their answers so far."""
        gathered = None if self._helper is None else read_gathered(self._helper)
        self._helper = None
        call = read_answer(gathered)
        if call is not None:
            if gathered is self._noted or not was_recorded(gathered):
                note_recorded(gathered)
                _record_call(span, call)
            return [gathered]
        call = self._fold.read_call()
        if call is not None:
            _record_call(span, call)
        answers: list[Any] = self._fold.to_json()
        if self._fold.is_cut:
            span.set_attribute("stream.cut", True)
        return answers
