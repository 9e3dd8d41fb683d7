"""What an opening costs on a link of 200 ms, in round trips: the click until the greeting is seen
and the text box has the focus, on a page of another site, by TLS.

A proxy in front of the server delays each direction by half a round trip, and takes a connection
only after a whole one, as TCP's handshake does; TLS's own crosses it like all else. Cold: nothing
was done before the click. Hovered: the mouse has been over the button for a second.
"""

import asyncio
import base64
import hashlib
import ssl
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, Frame, Page, async_playwright

from tests.bench.generator import median
from tests.bench.page import ARGUMENTS, HOST_PAGE, SETTLE_SECONDS, WATCH
from tests.bench.servers import Server, command
from tests.bench.table import printed, verdict
from tests.bench.targets import SLUG, manage, product_env
from tests.certificates import certificate
from tests.needs import chromium
from tests.running import free_port
from tests.sites import Site

ROUND_TRIP = 0.2
HOVER_SECONDS = 1.0
COLD, HOVERED = 4.0, 0.5  # goals, in round trips
NAMES = ("greeting seen", "box focused")

# When the greeting is in the page, and seen.
SEEN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("#log article p")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.benchSeen = at(); });
}).observe(document, { childList: true, subtree: true });
"""


class Link:
    """A slow way to a port, by TLS: `async with Link(port, folder) as link: … link.url`"""

    def __init__(self, upstream: int, folder: Path) -> None:
        certificate(folder, "127.0.0.1")
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        public, private = (folder / f"chat.example.com.{kind}" for kind in ("pem", "key"))
        self._tls.load_cert_chain(public, private)
        key = x509.load_pem_x509_certificate(public.read_bytes()).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        # Chromium then knows the key; an error that is only ignored costs it a second handshake.
        self.trust = base64.b64encode(hashlib.sha256(der).digest()).decode()
        self._upstream = upstream
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> "Link":
        # Behind the slow part TLS ends, so that its handshake is as slow as it is.
        inner = await asyncio.start_server(self._plain, "127.0.0.1", 0, ssl=self._tls)
        self._inner = int(inner.sockets[0].getsockname()[1])
        outer = await asyncio.start_server(self._slow, "127.0.0.1", 0)
        self._servers = [inner, outer]
        self.url = f"https://127.0.0.1:{outer.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _slow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(ROUND_TRIP)
        await self._join(reader, writer, self._inner, ROUND_TRIP / 2)

    async def _plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._join(reader, writer, self._upstream, 0)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, delay: float
    ) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            theirs, ours = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(carry(reader, ours, delay), carry(theirs, writer, delay))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Everything, in order, so much later."""
    loop = asyncio.get_running_loop()
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                writer.close()
                return
            writer.write(data)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(arrive())
        with suppress(OSError):
            while data := await reader.read(65536):
                on_the_way.put_nowait((loop.time() + delay, data))
        on_the_way.put_nowait((loop.time() + delay, b""))


async def measure(folder: Path, full: bool) -> str:
    """The table, in round trips."""
    port = free_port()
    site = Site({})
    runner = await site.start()
    found: dict[str, list[tuple[float, float]]] = {"cold": [], "hovered": []}
    async with Link(port, folder) as link, async_playwright() as playwright:
        site.pages["/"] = HOST_PAGE.format(script=f"{link.url}/chatwidget/{SLUG}.js")
        server = await _server(port, link.url, folder)
        browser = await playwright.chromium.launch(
            executable_path=chromium(windows=True),
            args=[*ARGUMENTS, f"--ignore-certificate-errors-spki-list={link.trust}"],
        )
        try:
            for repetition in range(10 if full else 5):
                for kind, values in found.items():
                    took = await _open(browser, site.url, hover=kind == "hovered")
                    if repetition:  # the first fills the server's caches
                        values.append(took)
        finally:
            await browser.close()
            server.stop()
            await runner.cleanup()
    lines = []
    for kind, goal in (("cold", COLD), ("hovered", HOVERED)):
        for place, name in enumerate(NAMES):
            trips = median([each[place] for each in found[kind]])
            lines.append(
                [f"click → {name}, {kind}", f"{trips:.1f}", f"≤ {goal}", verdict(trips <= goal)]
            )
    return printed(
        [f"round trips of {ROUND_TRIP * 1000:.0f} ms, medians", "ours", "goal", ""], lines
    )


async def _server(port: int, url: str, folder: Path) -> Server:
    """Ours, as visitors reach it by `url`."""
    env = product_env(f"sqlite:///{folder}/link.sqlite3")
    env |= {"STATIC_ROOT": f"{folder}/link-static", "CSRF_TRUSTED_ORIGINS": url}
    await manage(env, "migrate", "--verbosity", "0")
    await manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    await manage(env, "configure_widget", SLUG, "--provider", "demo", "--greeting", "Hello there!")
    server = Server(command("daphne", port), env, port)
    await server.ready()
    return server


async def _open(browser: Browser, url: str, *, hover: bool) -> tuple[float, float]:
    """Round trips from the click until the greeting is seen, and until the box has the focus."""
    context = await browser.new_context(locale="en-US")
    await context.add_init_script(WATCH + SEEN)
    page = await context.new_page()
    await page.goto(url)
    button = page.get_by_role("button", name="Open chat")
    await button.wait_for()
    await asyncio.sleep(SETTLE_SECONDS)
    if hover:
        await button.hover()
        await asyncio.sleep(HOVER_SECONDS)
        await button.click()
    else:  # as by a key: no mouse was near
        await button.dispatch_event("click")
    seen, focused = [await _told(page, name) for name in ("benchSeen", "benchFocused")]
    clicked = await page.evaluate("window.benchClicked")
    await context.close()
    trip = ROUND_TRIP * 1000
    return max(0.0, seen - clicked) / trip, max(0.0, focused - clicked) / trip


async def _told(page: Page, name: str) -> float:
    """What the frame notes, ms since the epoch, once it does."""

    async def inner() -> Frame:
        while not (frames := [each for each in page.frames if each is not page.main_frame]):
            await asyncio.sleep(0.02)
        return frames[0]

    async with asyncio.timeout(30):
        while True:
            # The frame may be replaced while it is asked.
            with suppress(Exception):
                if told := await (await inner()).evaluate(f"window.{name} ?? null"):
                    return float(told)
            await asyncio.sleep(0.02)
