"""Stream helpers: `client.chat.completions.stream(...)` and the like, which gather the answer themselves.

Their methods, such as `get_final_message()`, and `text_stream` read the stream without its iterator, so the items alone
are not enough.
"""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.clients.fields import read

_PATHS: Final = (
    ("_state", "_completed_response"),
    ("_state", "_ResponseStreamState__current_snapshot"),
    ("_state", "_ChatCompletionStreamState__current_completion_snapshot"),
    ("_MessageStream__final_message_snapshot",),
    ("_AsyncMessageStream__final_message_snapshot",),
    ("_BetaMessageStream__final_message_snapshot",),
    ("_BetaAsyncMessageStream__final_message_snapshot",),
)
"""The attributes in which the helpers keep the answer, the best one first."""

FINAL_METHODS: Final = frozenset(("get_final_completion", "get_final_message", "get_final_response"))
"""The methods of the helpers that return the answer. OpenAI's makes another object for each call."""


def read_gathered(stream: object) -> Any:
    """Return the answer that a stream's helper has gathered so far, or None."""
    for path in _PATHS:
        found: Any = stream
        for name in path:
            found = read(found, name)
            if found is None:
                break
        if found is not None:
            return found
    return None
