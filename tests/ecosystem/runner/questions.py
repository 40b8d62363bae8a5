"""The questions of the programs, and the loopback provider's answers. Imported by both, so it needs only Python."""

from typing import Final

QUESTION: Final = "What is the capital of France?"
ANSWER: Final = "The capital of France is Paris."
FIRST_WORD: Final = "The"
"""The part of an answer that arrives before a slow stream stops."""
WEATHER_QUESTION: Final = "What is the weather in Paris?"
WEATHER_ANSWER: Final = "It is 18 degrees in Paris, with light rain."
WEATHER: Final = "18 degrees, light rain"
"""The result of the tool `get_weather`."""
SLOW_QUESTION: Final = "Answer slowly: what is the capital of France?"
FAILING_QUESTION: Final = "Fail with status 400, please."
ERROR_MESSAGE: Final = "The loopback provider was asked to fail."
