"""Routes of the pages: HTML rendered on the server from the store, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kayba_local.http.errors import REASON, Problem, unavailable
from kayba_local.http.lanes import Lane
from kayba_local.http.media import content_response
from kayba_local.http.security import require_basic
from kayba_local.otlp.records import TRACE_ID_PREFIX
from kayba_local.pages import formats
from kayba_local.pages.attachments import find_attachments
from kayba_local.pages.tree import build_tree, with_spans
from kayba_local.store import insights
from kayba_local.store.errors import DoesNotExist, StoreUnavailable
from kayba_local.store.traces import attachments, listing, outlines

if TYPE_CHECKING:
    from jinja2 import Environment

    from kayba_local.store.database import Database

TRACES_PER_PAGE: Final = 50
MAX_SPANS: Final = 2000
"""Maximum number of spans shown of one trace."""
MAX_INSIGHTS: Final = 500
"""Maximum number of insights shown, the newest ones."""
MAX_TRACE_LINKS: Final = 5
"""Maximum number of traces named below an insight."""

SECURITY_HEADERS: Final = {
    # Pages escape the content of traces. If escaping ever fails, the browser still runs and fetches nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pages:
    """The pages of one server."""

    def __init__(self, db: Database, api_key: str | None, lane: Lane) -> None:
        self._db = db
        self._api_key = api_key
        self._lane = lane

    def routes(self) -> list[Route]:
        """Return the routes of all pages."""
        return [
            Route("/", self._protect(self._list), name="pages: traces"),
            Route("/trace/{trace_id}", self._protect(self._trace), name="pages: trace"),
            Route("/attachment/{trace_id}/{attachment_id}", self._protect(self._attachment), name="pages: attachment"),
            Route("/insights", self._protect(self._insights), name="pages: insights"),
            Route("/static/kayba.css", self._protect(self._style), name="pages: style"),
        ]

    def _protect(self, handler: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                require_basic(request.headers.get("authorization"), self._api_key)
                response = await self._lane.run(handler, request)
            except StoreUnavailable as error:
                response = _show_problem(request, unavailable(error))
            except Problem as problem:
                response = _show_problem(request, problem)
            for name, value in SECURITY_HEADERS.items():
                # An attachment has stricter ones.
                response.headers.setdefault(name, value)
            return response

        return endpoint

    def _list(self, request: Request) -> Response:
        folder = request.query_params.get("folder")
        before = _read_position(request.query_params.get("before"))
        page = listing.list_arrivals(self._db, folder, TRACES_PER_PAGE, before)
        return _render(
            "list.html",
            folders=listing.list_folders(self._db),
            folder=folder,
            traces=page.traces,
            newest=before is None,
            newest_link=_list_url(folder, None),
            older_link=_list_url(folder, page.next_before) if page.next_before is not None else None,
        )

    def _trace(self, request: Request) -> Response:
        try:
            info, places = outlines.read_outline(self._db, request.path_params["trace_id"])
        except DoesNotExist as error:
            raise Problem(404, None, str(error)) from error
        nodes = build_tree(places, MAX_SPANS)
        spans = outlines.read_spans(self._db, [node.span.row for node in nodes])
        return _render("trace.html", info=info, nodes=with_spans(nodes, spans), count=len(places))

    def _attachment(self, request: Request) -> Response:
        trace_id, attachment_id = request.path_params["trace_id"], request.path_params["attachment_id"]
        try:
            content = attachments.get(self._db, trace_id, attachment_id)
        except DoesNotExist as error:
            raise Problem(404, None, str(error)) from error
        return content_response(content, attachment_id)

    def _insights(self, _request: Request) -> Response:
        found = insights.find(self._db)
        shown = sorted(found[-MAX_INSIGHTS:], key=lambda insight: insight.section)
        return _render(
            "insights.html", insights=shown, count=len(found), linked=MAX_TRACE_LINKS, trace_prefix=TRACE_ID_PREFIX
        )

    def _style(self, _request: Request) -> Response:
        return Response(files(__package__).joinpath("static", "kayba.css").read_bytes(), media_type="text/css")


def _show_problem(request: Request, problem: Problem) -> Response:
    request.scope[REASON] = problem.reason
    response = _render("problem.html", problem.status, message=problem.message)
    response.headers.update(problem.headers)
    return response


def _render(template: str, status: int = 200, **values: Any) -> Response:
    return Response(_templates().get_template(template).render(values), status, media_type="text/html")


@cache
def _templates() -> Environment:
    # Imported late: loading Jinja takes a quarter of the server's start, and many servers never render a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "time": formats.format_time,
        "duration": formats.format_duration,
        "fields": formats.format_fields,
        "text": formats.format_text,
        "attachments": find_attachments,
    }
    environment.globals["list_url"] = _list_url
    return environment


def _list_url(folder: str | None, before: int | None = None) -> str:
    query = {name: value for name, value in (("folder", folder), ("before", before)) if value is not None}
    return f"/?{urlencode(query)}" if query else "/"


def _read_position(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Problem(400, None, f"before={text!r} is not a valid page position.")
    return int(text)
