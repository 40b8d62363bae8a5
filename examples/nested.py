"""Nested spans: traced functions that call each other record one trace, here a root with two children."""

from ace.tracing import configure, trace

DOCUMENTS = [
    "Spans nest: a span started inside another is its child.",
    "A trace is the tree of the spans of one run.",
    "A folder is where traces are filed.",
]

configure(experiment="examples")


@trace(span_type="RETRIEVER")
def retrieve(query: str) -> list[str]:
    """Return the documents that contain every word of the question."""
    asked = set(query.lower().strip("?").split())
    return [text for text in DOCUMENTS if asked <= {"what", *text.lower().strip(".").split()}]


@trace(name="summarise", span_type="LLM", attributes={"model": "first-sentence"})
def generate(docs: list[str], query: str) -> str:
    """Return the first document, or a message when there is none."""
    return docs[0] if docs else f"Nothing about {query!r}."


@trace(span_type="AGENT")
def agent(query: str) -> str:
    """Find documents and summarise them."""
    return generate(retrieve(query), query)


if __name__ == "__main__":
    print(agent("What is a trace?"))
