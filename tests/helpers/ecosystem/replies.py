"""The loopback provider's replies: chosen from the conversation alone, so they are the same for every framework.

The question about the weather is answered with a call of the tool `get_weather`, and then from its result. The words
"status 429" in a question select an error, and "slowly" a response that stays unfinished.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.ecosystem.runner.questions import ANSWER, WEATHER, WEATHER_ANSWER, WEATHER_QUESTION

_STATUS: Final = re.compile(r"\bstatus (400|401|429|500)\b")
_FIELD: Final = re.compile(r"\[\[ ## (\w+) ## \]\]")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The part of a request that decides about the reply.

    Attributes:
        question: The text of the last message of the user that is not a tool's result.
        prompt: All texts of the request, the system's included.
        tools: The names of the offered tools.
    """

    question: str
    prompt: str
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply.

    Attributes:
        text: The text; empty beside a tool call.
        tool: The name of the called tool, if any.
        arguments: The arguments of the tool call.
        status: The HTTP status.
        slow: Whether the response stays unfinished until the client disconnects.
    """

    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    slow: bool = False

    @property
    def arguments_json(self) -> str:
        """The arguments as the JSON text of OpenAI's wire."""
        return json.dumps(self.arguments)

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces of a stream."""
        return re.findall(r"\S+\s*|\s+", self.text)


def choose_reply(conversation: Conversation) -> Reply:
    """Return the reply to a conversation."""
    if status := _STATUS.search(conversation.question):
        return Reply(status=int(status[1]))
    is_weather = WEATHER_QUESTION in conversation.prompt
    answer = WEATHER_ANSWER if is_weather else ANSWER
    slow = "slowly" in conversation.question.lower()
    if is_weather and "get_weather" in conversation.tools and WEATHER not in conversation.prompt:
        return Reply(tool="get_weather", arguments={"city": "Paris"})
    if "final_answer" in conversation.tools:
        return Reply(tool="final_answer", arguments={"answer": answer}, slow=slow)
    return Reply(text=_format_answer(conversation, answer), slow=slow)


def _format_answer(conversation: Conversation, answer: str) -> str:
    """Return the answer in the text format that the framework's prompt asks for."""
    prompt = conversation.prompt
    fields = dict.fromkeys(_FIELD.findall(prompt))
    if "next_tool_name" in fields:
        is_called = WEATHER in prompt
        values = {
            "next_thought": "I know the weather." if is_called else "I need the weather.",
            "next_tool_name": "finish" if is_called else "get_weather",
            "next_tool_args": "{}" if is_called else '{"city": "Paris"}',
        }
    elif "answer" in fields:
        values = {**({"reasoning": "It is well known."} if "reasoning" in fields else {}), "answer": answer}
    elif "Final Answer:" in prompt:
        return f"Thought: I now can give a great answer\nFinal Answer: {answer}"
    else:
        return answer
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in [*values.items(), ("completed", "")])
