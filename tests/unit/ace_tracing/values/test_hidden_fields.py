"""Fields that a class hides: they are recorded nowhere, in whatever value the object is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Generic, Literal, TypeVar

import attrs
import pydantic
import pydantic.dataclasses
import pydantic.v1 as pydantic_1
import pytest

from ace_tracing import trace
from ace_tracing.testing import CapturedTraces

T = TypeVar("T")
Hidden = Annotated[str, pydantic.Field(exclude=True)]


class Base(pydantic.BaseModel):
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude=True)


class Inherits(Base):
    more: int = 1


class Redefines(Base):
    key: str = pydantic.Field(default="hunter2", exclude=True, alias="apiKey")


class Annotates(pydantic.BaseModel):
    shown: str = "shown"
    key: Hidden = "hunter2"


class AnnotatesByComment(pydantic.BaseModel):
    shown: str = "shown"
    key: Annotated[str, "first", pydantic.Field(exclude=True), "last"] = "hunter2"


class Nests(pydantic.BaseModel):
    inner: Base = Base()
    shown: str = "shown"


class Discriminated(pydantic.BaseModel):
    kind: Literal["a"] = "a"
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude=True)


class Union(pydantic.BaseModel):
    either: Annotated[Discriminated | Base, pydantic.Field(union_mode="left_to_right")] = Discriminated()


class Contains(pydantic.BaseModel, Generic[T]):
    item: T
    key: str = pydantic.Field(default="hunter2", exclude=True)


class Root(pydantic.RootModel[list[Base]]):
    pass


class AllowsExtra(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", frozen=True)
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude=True)
    _private: str = pydantic.PrivateAttr(default="hunter2")


class Computes(pydantic.BaseModel):
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude=True)

    @pydantic.computed_field(repr=False)  # type: ignore[prop-decorator]
    @property
    def computed(self) -> str:
        raise AssertionError


class Secrets(pydantic.BaseModel):
    shown: str = "shown"
    text: pydantic.SecretStr = pydantic.SecretStr("hunter2")
    data: pydantic.SecretBytes = pydantic.SecretBytes(b"hunter2")
    number: pydantic.Secret[str] = pydantic.Secret[str]("hunter2")
    dsn: pydantic.PostgresDsn = pydantic.PostgresDsn("postgresql://me:hunter2@host/shown")


class Conditional(pydantic.BaseModel):
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude_if=lambda value: True)


@pydantic.dataclasses.dataclass
class PydanticDataclass:
    shown: str = "shown"
    key: str = pydantic.Field(default="hunter2", exclude=True)
    other: Hidden = "hunter2"
    third: str = pydantic.Field(default="hunter2", repr=False)


@dataclasses.dataclass(frozen=True)
class Dataclass:
    shown: str = "shown"
    key: str = dataclasses.field(default="hunter2", repr=False)


@dataclasses.dataclass(slots=True, frozen=True)
class SlottedChild(Dataclass):
    more: str = "shown"


@dataclasses.dataclass
class AnnotatedDataclass:
    shown: str = "shown"
    key: str = "hunter2"


# Without the import from __future__ of this module.
AnnotatedDataclass.__dataclass_fields__["key"].type = Hidden


@attrs.define
class Attrs:
    shown: str = "shown"
    key: str = attrs.field(default="hunter2", repr=False)
    password: str = attrs.field(default="hunter2", repr=lambda value: "***")
    length: str = attrs.field(default="hunter2", repr=len)  # type: ignore[arg-type]


class OldModel(pydantic_1.BaseModel):
    shown: str = "shown"
    key: str = pydantic_1.Field("hunter2", exclude=True)
    dots: str = pydantic_1.Field("hunter2", exclude=...)
    part: dict[str, str] = pydantic_1.Field({"key": "hunter2"}, exclude={"key"})
    quiet: str = pydantic_1.Field("hunter2", repr=False)
    secret: pydantic_1.SecretStr = pydantic_1.SecretStr("hunter2")


class OldConfig(pydantic_1.BaseModel):
    shown: str = "shown"
    key: str = "hunter2"

    class Config:
        fields = {"key": {"exclude": True}}  # noqa: RUF012 - the form of pydantic 1


VALUES: list[Any] = [
    *(Base(), Inherits(), Redefines(), Annotates(), AnnotatesByComment(), Nests(), Union(), Root([Base()])),
    *(Contains[Base](item=Base()), Contains[int](item=1, key="hunter2"), AllowsExtra(extra="shown"), Computes()),
    *(Secrets(), Conditional(), PydanticDataclass(), Dataclass(), SlottedChild(), AnnotatedDataclass(), Attrs()),
    *(OldModel(), OldConfig(), Base.model_construct(key="hunter2")),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "wrap",
    [lambda value: value, lambda value: [{"a": (value,)}], lambda value: {"key": {1: value}.values()}],
    ids=["itself", "nested", "view"],
)
def test_a_hidden_field_is_recorded_nowhere(
    captured_traces: CapturedTraces, wrap: Callable[[Any], Any], value: Any
) -> None:
    @trace(capture_outputs=lambda result: result, attributes={"default": value})
    def same(value: Any) -> Any:
        return value

    @trace(reducer=lambda items: items)
    def stream() -> Iterator[Any]:
        yield wrap(value)

    same(wrap(value))
    list(stream())
    recorded = str([one.to_dict() for one in captured_traces])
    assert "hunter2" not in recorded
    assert "shown" in recorded or isinstance(value, Contains)


def test_a_model_as_a_key_hides_its_fields(captured_traces: CapturedTraces) -> None:
    @trace
    def same(value: Any) -> Any:
        return value

    same({AllowsExtra(): 1, SlottedChild(): 2})
    assert "hunter2" not in str(captured_traces[0].to_dict())
    assert "shown" in str(captured_traces[0].data.spans[0].inputs)


def test_a_model_in_the_arguments_of_an_exception_hides_its_fields(captured_traces: CapturedTraces) -> None:
    @trace
    def same(value: Any) -> Any:
        return value

    same(ValueError("bad", Base()))
    assert "hunter2" not in str(captured_traces[0].to_dict())


def test_a_redefined_field_that_is_not_excluded_is_recorded(captured_traces: CapturedTraces) -> None:
    class Shows(Base):
        key: str = "now shown"

    @trace
    def same(value: Any) -> None:
        return None

    same(Shows())
    assert captured_traces[0].data.spans[0].inputs == {"value": {"shown": "shown", "key": "now shown"}}


def test_a_default_with_an_attribute_named_exclude_hides_nothing(captured_traces: CapturedTraces) -> None:
    @dataclasses.dataclass(frozen=True)
    class Filter:
        exclude: bool = True

    @dataclasses.dataclass
    class Query:
        filter: Filter = Filter()

    @trace
    def same(value: Any) -> None:
        return None

    same(Query())
    assert captured_traces[0].data.spans[0].inputs == {"value": {"filter": {"exclude": True}}}
