"""The generator, with a second rendering of the same operations: as methods of resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openapi_python_client import Project
from openapi_python_client.strings import pascal_case

from .contract import FacadeError, Node, identifier, nouns, operations
from .expressions import Models
from .methods import Method, method


@dataclass(frozen=True)
class Resource:
    """The operations of a tag."""

    tag: str
    class_name: str
    description: str
    methods: list[Method]

    @property
    def imports(self) -> list[str]:
        """What its module imports of models and types."""
        return sorted({line for found in self.methods for line in found.imports})


class FacadeProject(Project):
    """Writes the generator's package, and in it ``kayba.py``, ``resources`` and ``runtime``.

    Attributes:
        document: The contract that the generator has parsed; to be set before `build`.
    """

    document: Node

    def _build_api(self) -> None:
        super()._build_api()
        resources = list(self._resources())
        self._render("unexpected.py", "unexpected.py.jinja")
        self._render("kayba.py", "kayba.py.jinja", resources=resources)
        self._render("resources/__init__.py", "resources_init.py.jinja")
        for resource in resources:
            self._render(f"resources/{resource.tag}.py", "resource.py.jinja", resource=resource)
        for name in self.env.list_templates(filter_func=lambda name: name.startswith("runtime/")):
            self._render(name.removesuffix(".jinja"), name)

    def _resources(self) -> Iterator[Resource]:
        described, about = operations(self.document), nouns(self.document)
        models = Models(self.openapi.models)
        texts = {identifier(tag["name"]): tag.get("description", "") for tag in self.document.get("tags", ())}
        for tag, collection in self.openapi.endpoint_collections_by_tag.items():
            methods = [
                method(
                    endpoint,
                    described[str(endpoint.name)],
                    about.get(str(tag), pascal_case(str(tag).removesuffix("s"))),
                    models,
                )
                for endpoint in collection.endpoints
            ]
            names = Counter(found.name for found in methods)
            names.update("wait" for found in methods if found.waited)
            if twice := [name for name, count in names.items() if count > 1]:
                raise FacadeError(f"operations of {tag} would be methods of one name: {', '.join(twice)}")
            yield Resource(str(tag), pascal_case(str(tag)), " ".join(texts.get(str(tag), "").split()), methods)

    def _render(self, path: str, template: str, **values: Any) -> None:
        target = Path(self.package_dir) / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(self.env.get_template(template).render(**values), encoding=self.config.file_encoding)
