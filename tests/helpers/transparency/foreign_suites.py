"""The independent projects whose own tests are run, and where their outcome may differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_FRAME = "asks sys._getframe who called, and the wrapper's frame stands between"


@dataclass(frozen=True)
class Suite:
    """One release of one project.

    Attributes:
        distribution: its name in the package registry.
        version: the release, of which the source distribution holds the tests.
        package: the package that is traced.
        tests: where in the source distribution the tests are.
        too_long: tests left out of both runs: traced, each makes so many spans that it takes a minute or more.
        differs: tests that pass without tracing and fail with it, each with the reason why no wrapper could do better.
    """

    distribution: str
    version: str
    package: str
    tests: str
    too_long: tuple[str, ...] = ()
    differs: Mapping[str, str] = field(default_factory=dict)


SUITES = (
    # Generators in every style, and tests of what they keep alive.
    Suite(
        "more-itertools",
        "11.2.1",
        "more_itertools",
        "tests",
        too_long=(
            "tests/test_more.py::DiscreteFourierTransformTests::test_roundtrip",
            "tests/test_more.py::TestConcurrentTee::test_concurrent_consumers",
            "tests/test_recipes.py::PolynomialFromRootsTests::test_large",
            "tests/test_recipes.py::PrimeFunctionTests::test_primes",
        ),
    ),
    # Asynchronous generators, context managers and caches; driven by an event loop of its own.
    Suite(
        "asyncstdlib",
        "3.14.0",
        "asyncstdlib",
        "unittests",
        too_long=("unittests/test_itertools.py::test_tee_share_deep",),
    ),
    # Functions that look at functions: currying, composing, signatures.
    Suite("toolz", "1.2.0", "toolz", "toolz/tests"),
    # Classes: subclasses of built-in types, descriptors, pickling, sockets, files.
    Suite(
        "boltons",
        "26.2.0",
        "boltons",
        "tests",
        differs={
            "tests/test_namedutils.py::test_namedlist_pickle": _FRAME,
            "tests/test_namedutils.py::test_namedtuple_pickle": _FRAME,
            "tests/test_tbutils.py::test_contextual": _FRAME,
            "tests/test_typeutils.py::test_sentinel_pickle": _FRAME,
        },
    ),
)
