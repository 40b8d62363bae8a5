"""The import paths of ace-framework: they re-export ace_tracing, or name the extra to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ace
import ace.tracing
import ace_tracing


def test_ace_tracing_re_exports_every_public_name() -> None:
    assert ace.tracing.__all__ == ace_tracing.__all__
    for name in ace_tracing.__all__:
        assert getattr(ace.tracing, name) is getattr(ace_tracing, name)


def test_configure_tracing_is_configure() -> None:
    from ace import configure_tracing

    assert configure_tracing is ace_tracing.configure


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'nonsense'"):
        _ = ace.nonsense  # type: ignore[attr-defined]


WITHOUT_THE_EXTRA = """
import sys
sys.modules["ace_tracing"] = None  # as for a package that is not installed
import ace
try:
    import ace.tracing
except ImportError as error:
    print(error)
"""


def test_without_the_extra_the_error_names_the_packages() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("pip install ./packages/kayba-api ./packages/ace-tracing")
