"""The public names of a Python package as one text, and what a new text changes for those who use the old one.

The text has the form of a stub file in which a class stands for each module. It is kept in the repository for the
released package, so it is written to be read.
"""

from __future__ import annotations

import ast
import logging
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TypeAlias

import griffe

from comparison.annotations import is_within
from comparison.change import Change

Tree: TypeAlias = "dict[str, griffe.Object | Tree]"

ATTRS = {"attrs.define", "attrs.frozen", "attrs.mutable"}
ALWAYS = {"__init__", "__call__", "__enter__", "__aenter__", "__iter__", "__aiter__", "__getitem__", "__setitem__"}
"""Names with underscores at both ends that users rely on."""

# It tells of every base class and type variable that it does not follow.
logging.getLogger("griffe").setLevel(logging.ERROR)


def describe(package: Path, inner: Collection[str] = ()) -> str:
    """The public names of a package, with their signatures.

    A name is public when no part of it starts with an underscore and its module is no source of another's ``__all__``:
    what a package hands on is imported from there, and the modules that it has it from may change.

    Args:
        package: The package's folder. Nothing in it is run.
        inner: The package's modules that are not for users, although their names do not say so.
    """
    root = griffe.load(package.name, search_paths=[package.parent], allow_inspection=False)
    assert isinstance(root, griffe.Module)
    tree: Tree = {}
    for path, member in sorted(_public(root, inner), key=lambda found: found[0]):
        branch = tree
        for part in path[:-1]:
            below = branch.setdefault(part, {})
            assert isinstance(below, dict)
            branch = below
        branch[path[-1]] = member
    # Without the import, griffe takes the strings in a Literal for names.
    return "\n".join(["from typing import Literal", "", *_lines(tree)]) + "\n"


def compare_names(old: str, new: str, answers: Collection[str]) -> list[Change]:
    """What a new description changes for those who use the old one.

    A value that is taken may have more types than before, one that is given fewer.

    Args:
        old: What `describe` said of the old package.
        new: The same of the new one.
        answers: Classes that users read and never make: their constructors may change.
    """
    before, after = _parse(old), _parse(new)
    found = set(_differences(before, after, ""))
    for breakage in griffe.find_breaking_changes(before, after):
        found.add((breakage.obj.path.removeprefix("names."), _explanation(breakage), True))
    made = {path for path, _, _ in found if path.endswith(".__init__") and path.split(".")[-2] in answers}
    return [Change("name", path, says, breaking) for path, says, breaking in sorted(found) if path not in made]


def _public(module: griffe.Module, inner: Collection[str] = ()) -> Iterator[tuple[tuple[str, ...], griffe.Object]]:
    """Every public name in and below a module that is no module itself, by its path."""
    exports = module.exports
    names = [name for name in module.members if _is_own(module, name)] if exports is None else map(str, exports)
    resolved = {name: _resolved(module.members[name]) for name in names}
    members = {name: member for name, member in resolved.items() if not isinstance(member, griffe.Module)}
    yield from (((*module.path.split("."), name), member) for name, member in members.items())
    sources = {member.module.path for member in members.values() if member.parent is not None}
    for name, below in module.modules.items():
        hidden = name.startswith("_") or name in inner or below.path in sources
        if isinstance(below, griffe.Module) and not hidden:
            yield from _public(below)


def _is_own(module: griffe.Module, name: str) -> bool:
    """Whether a module without ``__all__`` defines a name for others."""
    member = module.members[name]
    if name.startswith("_") or isinstance(member, griffe.Alias):
        return False
    return not str(getattr(member, "value", "")).startswith("TypeVar(")


def _resolved(member: griffe.Object | griffe.Alias) -> griffe.Object:
    """What a name stands for; of what another package defines, no more than where."""
    if not isinstance(member, griffe.Alias):
        return member
    try:
        return member.final_target
    except griffe.AliasResolutionError:
        return griffe.Attribute(member.name, value=member.target_path)


def _lines(tree: Tree) -> Iterator[str]:
    for name, member in tree.items():
        if isinstance(member, dict):
            yield f"class {name}:"
            yield from (textwrap.indent(line, "    ") for line in _lines(member))
        else:
            yield from _member_lines(name, member)


def _member_lines(name: str, member: griffe.Object) -> Iterator[str]:
    if isinstance(member, griffe.Function):
        yield from (f"@{kind}" for kind in ("classmethod", "staticmethod") if kind in member.labels)
        # griffe's signature leaves `self` and `cls` out.
        yield f"{'async ' if 'async' in member.labels else ''}def {member.signature(name=name)}: ..."
    elif isinstance(member, griffe.Class):
        bases = ", ".join(str(base).partition("[")[0] for base in member.bases)
        yield f"class {name}({bases}):" if bases else f"class {name}:"
        inside = {**member.all_members, **_made_by_attrs(member)}
        shown = [key for key in sorted(inside) if not key.startswith("_") or key in ALWAYS]
        for key in shown:
            yield from (textwrap.indent(line, "    ") for line in _member_lines(key, _resolved(inside[key])))
        if not shown:
            yield "    ..."
    elif isinstance(member, griffe.Attribute):
        annotation = member.annotation
        value = "..." if member.parent is not None and member.parent.is_class else member.value
        yield f"{name} = {value}" if annotation is None else f"{name}: {annotation}"


def _made_by_attrs(class_: griffe.Class) -> dict[str, griffe.Function]:
    """The constructor that attrs makes, if it does."""
    if not any(decorator.callable_path in ATTRS for decorator in class_.decorators):
        return {}
    parameters = [_parameter(member) for member in class_.members.values() if isinstance(member, griffe.Attribute)]
    return {"__init__": griffe.Function("__init__", parameters=griffe.Parameters(*filter(None, parameters)))}


def _parameter(field: griffe.Attribute) -> griffe.Parameter | None:
    if field.annotation is None or "property" in field.labels:
        return None
    options: dict[str, str] = {}
    default = None if field.value is None else str(field.value)
    if default is not None:
        value = ast.parse(default, mode="eval").body
        if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("field"):
            options = {keyword.arg or "": ast.unparse(keyword.value) for keyword in value.keywords}
            default = options.get("default", "..." if "factory" in options else None)
    if options.get("init") == "False":
        return None
    kind = griffe.ParameterKind.keyword_only if options.get("kw_only") == "True" else None
    kind = kind or griffe.ParameterKind.positional_or_keyword
    return griffe.Parameter(field.name.lstrip("_"), annotation=field.annotation, kind=kind, default=default)


def _parse(description: str) -> griffe.Module:
    return griffe.visit("names", Path("names.pyi"), description)


def _explanation(breakage: griffe.Breakage) -> str:
    parameter = breakage.old_value if breakage.new_value is None else breakage.new_value
    name = getattr(parameter, "name", "")
    match breakage.kind:
        case griffe.BreakageKind.OBJECT_REMOVED:
            return "removed"
        case griffe.BreakageKind.PARAMETER_REMOVED:
            return f"lost the parameter `{name}`"
        case griffe.BreakageKind.PARAMETER_ADDED_REQUIRED:
            return f"gained the required parameter `{name}`"
        case griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED:
            return f"has the parameter `{name}` required now"
        case griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT:
            return f"has another default of the parameter `{name}`"
        case griffe.BreakageKind.PARAMETER_CHANGED_KIND | griffe.BreakageKind.PARAMETER_MOVED:
            return f"takes the parameter `{name}` in another way or place"
        case _:
            return f"is different: {breakage.kind.value}"


def _differences(
    old: griffe.Object | griffe.Alias, new: griffe.Object | griffe.Alias, path: str
) -> Iterator[tuple[str, str, bool]]:
    """What griffe does not look for: new names, without what is inside a new class, new parameters, and types."""
    for name, member in new.members.items():
        here = f"{path}.{name}" if path else name
        before = old.members.get(name)
        if before is None:
            yield here, "added", False
        elif isinstance(member, griffe.Class):
            yield from _differences(before, member, here)
        elif isinstance(member, griffe.Function) and isinstance(before, griffe.Function):
            yield from ((here, says, breaking) for says, breaking in _signatures(before, member))
        elif isinstance(member, griffe.Attribute) and isinstance(before, griffe.Attribute):
            was, now = str(before.annotation), str(member.annotation)
            if was != now:
                yield here, f"is {now} now, was {was}", not is_within(now, was)


def _signatures(old: griffe.Function, new: griffe.Function) -> Iterator[tuple[str, bool]]:
    was, now = str(old.returns), str(new.returns)
    if was != now:
        yield f"gives {now} now, gave {was}", not is_within(now, was)
    known = {parameter.name: str(parameter.annotation) for parameter in old.parameters}
    for parameter in new.parameters:
        taken, takes = known.get(parameter.name), str(parameter.annotation)
        if taken is None and not parameter.required:
            yield f"gained the optional parameter `{parameter.name}`", False
        elif taken not in (None, takes):
            yield f"takes {takes} as `{parameter.name}` now, took {taken}", not is_within(str(taken), takes)
