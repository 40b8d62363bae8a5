"""Folders: a trace is filed in the folder that was set when it started. Tracing can be disabled for a while."""

from ace import configure_tracing
from ace.tracing import disable, enable, get_folder, set_folder, trace

configure_tracing(folder="production")


@trace
def greet(name: str) -> str:
    """Return a greeting."""
    return f"Hello, {name}!"


if __name__ == "__main__":
    greet("production")

    set_folder("staging/<b>eu</b>")
    print(get_folder())  # staging/eu: HTML tags and special characters are removed, with a warning
    greet("staging")

    set_folder(None)
    greet("unfiled")

    disable()
    greet("nobody")
    enable()
    greet("unfiled again")
