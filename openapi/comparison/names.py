"""Public names of a Python package: their description as text, and the comparison of two descriptions.

The text has the form of a stub file with a class for each module. The released package's text is in the repository, so
it is readable.
"""

from __future__ import annotations

import ast
import logging
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import griffe

from comparison.annotations import is_within
from comparison.change import Change

Tree: TypeAlias = "dict[str, griffe.Object | Tree]"

ATTRS_DECORATORS: Final = {"attrs.define", "attrs.frozen", "attrs.mutable"}
PUBLIC_DUNDERS: Final = {
    *("__init__", "__call__", "__enter__", "__aenter__", "__iter__", "__aiter__", "__getitem__", "__setitem__")
}
"""Special methods that users rely on."""

# griffe warns about every base class and type variable that it does not resolve.
logging.getLogger("griffe").setLevel(logging.ERROR)


def describe_package(package: Path) -> str:
    """Return the public names of a package, with their signatures.

    A name is public if no part of it starts with an underscore and no other module exports it in `__all__`. Users
    import an exported name from the exporting module, so the defining module may change.

    Args:
        package: The package's folder. None of its code is executed.
    """
    root = griffe.load(package.name, search_paths=[package.parent], allow_inspection=False)
    assert isinstance(root, griffe.Module)
    tree: Tree = {}
    for path, member in sorted(_public(root), key=lambda found: found[0]):
        branch = tree
        for part in path[:-1]:
            below = branch.setdefault(part, {})
            assert isinstance(below, dict)
            branch = below
        branch[path[-1]] = member
    # Without the import, griffe reads the strings in a Literal as names.
    return "\n".join(["from typing import Literal", "", *_lines(tree)]) + "\n"


def compare_names(old: str, new: str, read_only: Collection[str]) -> list[Change]:
    """Return the changes from one description to another.

    A parameter may accept more types than before, and a function may return fewer.

    Args:
        old: The result of `describe_package` for the old package.
        new: The result of `describe_package` for the new package.
        read_only: Classes that users read and never construct. Changes of their constructors are left out.
    """
    before, after = _parse(old), _parse(new)
    found = set(_differences(before, after, ""))
    for breakage in griffe.find_breaking_changes(before, after):
        found.add((breakage.obj.path.removeprefix("names."), _breakage_text(breakage), True))
    ignored = {path for path, _, _ in found if path.endswith(".__init__") and path.split(".")[-2] in read_only}
    return [Change("name", path, text, breaking) for path, text, breaking in sorted(found) if path not in ignored]


def _public(module: griffe.Module) -> Iterator[tuple[tuple[str, ...], griffe.Object]]:
    """Yield path and object of each public name in a module and its submodules, except modules."""
    exports = module.exports
    names = [name for name in module.members if _is_own(module, name)] if exports is None else map(str, exports)
    resolved = {name: _resolved(module.members[name]) for name in names}
    members = {name: member for name, member in resolved.items() if not isinstance(member, griffe.Module)}
    yield from (((*module.path.split("."), name), member) for name, member in members.items())
    sources = {member.module.path for member in members.values() if member.parent is not None}
    for name, below in module.modules.items():
        hidden = name.startswith("_") or below.path in sources
        if isinstance(below, griffe.Module) and not hidden:
            yield from _public(below)


def _is_own(module: griffe.Module, name: str) -> bool:
    """Return whether a module without `__all__` defines a name itself, for users."""
    member = module.members[name]
    if name.startswith("_") or isinstance(member, griffe.Alias):
        return False
    return not str(getattr(member, "value", "")).startswith("TypeVar(")


def _resolved(member: griffe.Object | griffe.Alias) -> griffe.Object:
    """Return the object behind a name; for a name of another package, an attribute with its path."""
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
        # griffe's signature omits `self` and `cls`.
        yield f"{'async ' if 'async' in member.labels else ''}def {member.signature(name=name)}: ..."
    elif isinstance(member, griffe.Class):
        bases = ", ".join(str(base).partition("[")[0] for base in member.bases)
        yield f"class {name}({bases}):" if bases else f"class {name}:"
        inside = {**member.all_members, **_attrs_methods(member)}
        shown = [key for key in sorted(inside) if not key.startswith("_") or key in PUBLIC_DUNDERS]
        for key in shown:
            yield from (textwrap.indent(line, "    ") for line in _member_lines(key, _resolved(inside[key])))
        if not shown:
            yield "    ..."
    elif isinstance(member, griffe.Attribute):
        annotation = member.annotation
        value = "..." if member.parent is not None and member.parent.is_class else member.value
        yield f"{name} = {value}" if annotation is None else f"{name}: {annotation}"


def _attrs_methods(class_: griffe.Class) -> dict[str, griffe.Function]:
    """Return the constructor that attrs generates, if the class uses attrs."""
    if not any(decorator.callable_path in ATTRS_DECORATORS for decorator in class_.decorators):
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


def _breakage_text(breakage: griffe.Breakage) -> str:
    parameter = breakage.old_value if breakage.new_value is None else breakage.new_value
    name = getattr(parameter, "name", "")
    match breakage.kind:
        case griffe.BreakageKind.OBJECT_REMOVED:
            return "removed"
        case griffe.BreakageKind.PARAMETER_REMOVED:
            return f"parameter `{name}` removed"
        case griffe.BreakageKind.PARAMETER_ADDED_REQUIRED:
            return f"required parameter `{name}` added"
        case griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED:
            return f"parameter `{name}` is now required"
        case griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT:
            return f"default of parameter `{name}` changed"
        case griffe.BreakageKind.PARAMETER_CHANGED_KIND | griffe.BreakageKind.PARAMETER_MOVED:
            return f"kind or position of parameter `{name}` changed"
        case _:
            return f"changed: {breakage.kind.value}"


def _differences(
    old: griffe.Object | griffe.Alias, new: griffe.Object | griffe.Alias, path: str
) -> Iterator[tuple[str, str, bool]]:
    """Yield the changes that griffe does not look for: new names, new optional parameters and changed types.

    The members of a new class are not listed.
    """
    for name, member in new.members.items():
        here = f"{path}.{name}" if path else name
        before = old.members.get(name)
        if before is None:
            yield here, "added", False
        elif isinstance(member, griffe.Class):
            yield from _differences(before, member, here)
        elif isinstance(member, griffe.Function) and isinstance(before, griffe.Function):
            yield from ((here, text, breaking) for text, breaking in _signatures(before, member))
        elif isinstance(member, griffe.Attribute) and isinstance(before, griffe.Attribute):
            old_type, new_type = str(before.annotation), str(member.annotation)
            if old_type != new_type:
                yield here, f"type changed from {old_type} to {new_type}", not is_within(new_type, old_type)


def _signatures(old: griffe.Function, new: griffe.Function) -> Iterator[tuple[str, bool]]:
    old_type, new_type = str(old.returns), str(new.returns)
    if old_type != new_type:
        yield f"return type changed from {old_type} to {new_type}", not is_within(new_type, old_type)
    known = {parameter.name: str(parameter.annotation) for parameter in old.parameters}
    for parameter in new.parameters:
        before, after = known.get(parameter.name), str(parameter.annotation)
        if before is None and not parameter.required:
            yield f"optional parameter `{parameter.name}` added", False
        elif before not in (None, after):
            text = f"type of parameter `{parameter.name}` changed from {before} to {after}"
            yield text, not is_within(str(before), after)
