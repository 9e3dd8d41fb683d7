"""The embedding page: a tiny site of another origin, whose pages the tests write."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

Page = str | tuple[str, Mapping[str, str]]  # HTML, or HTML and headers; with a Location a redirect


@dataclass
class Site:
    """Serves `pages` by path, and what is in `folder` beside them; a test may change both."""

    pages: dict[str, Page]
    folder: Path | None = None
    port: int = 0
    requests: list[str] = field(default_factory=list)  # every path asked for, in order

    @property
    def url(self) -> str:
        """As another site: localhost and 127.0.0.1 share nothing in a browser."""
        return f"http://localhost:{self.port}"

    @property
    def same_site_url(self) -> str:
        """As another origin of the same site as the server's 127.0.0.1."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.path)
        page = self.pages.get(request.path)
        if page is None:
            file = self.folder and self.folder / request.path.strip("/")
            if not file or not file.is_file():
                return web.Response(status=404)
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return web.Response(body=file.read_bytes(), content_type=kind)
        html, headers = (page, {}) if isinstance(page, str) else page
        kind = "text/javascript" if request.path.endswith(".js") else "text/html"
        status = 307 if "Location" in headers else 200
        return web.Response(text=html, headers=headers, content_type=kind, status=status)

    async def start(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner
