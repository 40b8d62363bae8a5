"""A traced function with one span inside."""

from ace.tracing import configure, start_span, trace

CAPITALS = {"France": "Paris", "Japan": "Tokyo", "Peru": "Lima"}

configure()  # KAYBA_API_KEY and KAYBA_API_URL from the environment


def search(query: str) -> list[str]:
    """Return the countries in a question."""
    return [country for country in CAPITALS if country in query]


@trace
def my_agent(query: str) -> str:
    """Answer a question about capitals."""
    with start_span("retrieval") as span:
        span.set_inputs({"query": query})
        results = search(query)
        span.set_outputs(results)
    return ", ".join(CAPITALS[country] for country in results) or "I do not know."


if __name__ == "__main__":
    print(my_agent("What is the capital of France?"))
