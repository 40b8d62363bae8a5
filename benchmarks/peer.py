"""Loader of the modules in `peers/`. It imports nothing, so every import counts as the SDK's."""


def load(path: str) -> dict[str, object]:
    """Run a module and return its names. It is not imported, because its name is often that of the SDK."""
    names: dict[str, object] = {"__name__": "peer"}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 — importing pathlib would change the SDK's import time
        exec(compile(file.read(), path, "exec"), names)
    return names
