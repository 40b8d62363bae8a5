"""Loads an SDK's module from peers/. Imports nothing, so that what an SDK imports is counted as its own."""


def load(path: str) -> dict[str, object]:
    """The names of a module; not imported by its own name, which is often the SDK's."""
    names: dict[str, object] = {"__name__": "peer"}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 — pathlib is what an SDK may be the first to import
        exec(compile(file.read(), path, "exec"), names)
    return names
