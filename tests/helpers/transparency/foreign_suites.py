"""The independent projects whose own tests run with and without tracing, and their known differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_FRAME: Final = "reads its caller's frame with sys._getframe and gets the frame of the wrapper"


@dataclass(frozen=True)
class Suite:
    """One release of one project.

    Attributes:
        distribution: The name in the package registry.
        version: The release. Its source distribution contains the tests.
        package: The package to trace.
        tests: The path of the tests in the source distribution.
        slow_tests: Tests that are deselected in both runs. With tracing, each records so many spans that it takes a
            minute or more.
        known_differences: Tests that pass without tracing and fail with it, each with the reason. No wrapper can avoid
            these failures.
    """

    distribution: str
    version: str
    package: str
    tests: str
    slow_tests: tuple[str, ...] = ()
    known_differences: Mapping[str, str] = field(default_factory=dict)


SUITES: Final = (
    # Generators in every style, and tests of the references that they hold.
    Suite(
        "more-itertools",
        "11.2.1",
        "more_itertools",
        "tests",
        slow_tests=(
            "tests/test_more.py::DiscreteFourierTransformTests::test_roundtrip",
            "tests/test_more.py::TestConcurrentTee::test_concurrent_consumers",
            "tests/test_recipes.py::PolynomialFromRootsTests::test_large",
            "tests/test_recipes.py::PrimeFunctionTests::test_primes",
        ),
    ),
    # Asynchronous generators, context managers and caches, with a custom event loop.
    Suite(
        "asyncstdlib",
        "3.14.0",
        "asyncstdlib",
        "unittests",
        slow_tests=("unittests/test_itertools.py::test_tee_share_deep",),
    ),
    # Functions that inspect functions: currying, composing, signatures.
    Suite("toolz", "1.2.0", "toolz", "toolz/tests"),
    # Classes: subclasses of built-in types, descriptors, pickling, sockets, files.
    Suite(
        "boltons",
        "26.2.0",
        "boltons",
        "tests",
        known_differences={
            "tests/test_namedutils.py::test_namedlist_pickle": _FRAME,
            "tests/test_namedutils.py::test_namedtuple_pickle": _FRAME,
            "tests/test_tbutils.py::test_contextual": _FRAME,
            "tests/test_typeutils.py::test_sentinel_pickle": _FRAME,
        },
    ),
)
