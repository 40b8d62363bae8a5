"""The generator's project, extended by the clients and the resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openapi_python_client import Project
from openapi_python_client.strings import pascal_case

from .expressions import Models
from .methods import Method, build_method
from .operations import Node, ResourceError, read_nouns, read_operations, tag_identifier


@dataclass(frozen=True)
class Resource:
    """The methods of a tag.

    Attributes:
        tag: The tag's name in Python.
        class_name: The stem of the class names, e.g. `Traces`.
        description: The tag's description.
        methods: The methods of the tag's operations.
    """

    tag: str
    class_name: str
    description: str
    methods: list[Method]

    @property
    def imports(self) -> list[str]:
        """The imports of models and types in the resource's module."""
        return sorted({line for method in self.methods for line in method.imports})


class ClientProject(Project):
    """A project of the generator that also writes `kayba.py` and `resources`.

    Attributes:
        document: The contract. It must be set before `build`.
    """

    document: Node

    def _build_api(self) -> None:
        super()._build_api()
        resources = list(self._resources())
        self._render("kayba.py", "kayba.py.jinja", resources=resources)
        self._render("resources/__init__.py", "resources_init.py.jinja")
        for resource in resources:
            self._render(f"resources/{resource.tag}.py", "resource.py.jinja", resource=resource)

    def _resources(self) -> Iterator[Resource]:
        operations, nouns = read_operations(self.document), read_nouns(self.document)
        models = Models(self.openapi.models)
        descriptions = {
            tag_identifier(tag["name"]): tag.get("description", "") for tag in self.document.get("tags", ())
        }
        for tag, collection in self.openapi.endpoint_collections_by_tag.items():
            methods = [
                build_method(
                    endpoint,
                    operations[str(endpoint.name)],
                    nouns.get(str(tag), pascal_case(str(tag).removesuffix("s"))),
                    models,
                )
                for endpoint in collection.endpoints
            ]
            names = Counter(method.name for method in methods)
            names.update("wait" for method in methods if method.polling)
            if duplicates := [name for name, count in names.items() if count > 1]:
                raise ResourceError(f"several operations of {tag} have the same method name: {', '.join(duplicates)}")
            description = " ".join(descriptions.get(str(tag), "").split())
            yield Resource(str(tag), pascal_case(str(tag)), description, methods)

    def _render(self, path: str, template: str, **values: Any) -> None:
        target = Path(self.package_dir) / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(self.env.get_template(template).render(**values), encoding=self.config.file_encoding)
