"""Retrieved documents: content, id, score and metadata, in the order of their rank.

Reads the documents of LangChain, LlamaIndex, OpenInference, MLflow and GenAI.
"""

from __future__ import annotations

from typing import Any, Final

from kayba_local.content.parts import Json

_CONTENTS: Final = ("page_content", "content", "text", "document.content")
_IDS: Final = ("id", "doc_id", "document.id", "id_", "doc_uri", "source", "uri")
_SCORES: Final = ("score", "document.score", "relevance_score")
_METADATA: Final = ("metadata", "document.metadata")
_LISTS: Final = ("documents", "results", "nodes", "matches")


def read_documents(value: Any) -> list[Json] | None:
    """Return a list of documents in one form; None for any other value."""
    if isinstance(value, dict):
        lists = [value[key] for key in _LISTS if isinstance(value.get(key), list)]
        return read_documents(lists[0]) if len(lists) == 1 else None
    if not isinstance(value, list) or not value:
        return None
    documents: list[Json] = []
    for item in value:
        document = _read_document(item)
        if document is None:
            return None
        documents.append(document)
    return documents


def _read_document(item: Any) -> Json | None:
    score = None
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], int | float):
        # LangChain's pair of a document and its score.
        item, score = item
    if not isinstance(item, dict) or "role" in item:
        return None
    for key in ("document", "node"):
        if isinstance(inner := item.get(key), dict):
            # LlamaIndex has the node beside its score.
            item = {**inner, **{name: item[name] for name in _SCORES if name in item}}
    content = next((item[key] for key in _CONTENTS if isinstance(item.get(key), str)), None)
    if content is None:
        return None
    metadata: Json = next((item[key] for key in _METADATA if isinstance(item.get(key), dict)), {})
    known = (*_IDS, *_SCORES, *_METADATA)
    if not metadata and not any(key in item for key in known) and "page_content" not in item and score is None:
        # Text alone may be anything.
        return None
    document: Json = {"content": content, "metadata": metadata}
    found = next((item[key] for key in _IDS if isinstance(item.get(key), str | int)), None)
    if found is None:
        found = next((metadata[key] for key in _IDS if isinstance(metadata.get(key), str | int)), None)
    if found is not None:
        document["id"] = str(found)
    score = next((item[key] for key in _SCORES if isinstance(item.get(key), int | float)), score)
    return document if score is None else {**document, "score": float(score)}
