"""Build hook of the root, which is not a package: `hatch build` and `pip install .` import it, and it ends them."""

raise SystemExit(
    "The root of this repository is not a package. It contains four, in the folder packages.\n"
    "To build their wheels into dist/: hatch run wheels\n"
    "To install tracing from here: pip install ./packages/kayba-api ./packages/ace-tracing ./packages/ace-framework"
)
