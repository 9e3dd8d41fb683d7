"""The tests' hand on the fake platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

T = TypeVar("T", bound="Control")


@asynccontextmanager
async def as_new(control: T) -> AsyncIterator[T]:
    """The fake platforms, as new; whatever is sent to them inside must be as documented."""
    await control.reset()
    yield control
    violations = await control.violations()
    await control.release()
    await control.close()
    assert violations == []


class Control:
    """Asks the fake platforms at `url` what they have seen, and writes the replies they hold."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=40, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, text: str = "") -> Any:
        response = await self._client.request(method, path, content=text.encode())
        response.raise_for_status()
        return response.json()

    async def log(self) -> list[dict[str, Any]]:
        """The requests since the last reset: platform, method, path, headers, body, end."""
        log: list[dict[str, Any]] = (await self._ask("GET", "/_log"))["log"]
        return log

    async def violations(self) -> list[str]:
        """What was not as documented since the last reset."""
        violations: list[str] = (await self._ask("GET", "/_violations"))["violations"]
        return violations

    async def sessions(self) -> list[dict[str, Any]]:
        """platform, session and messages of every session that there is."""
        sessions: list[dict[str, Any]] = (await self._ask("GET", "/_sessions"))["sessions"]
        return sessions

    async def reset(self) -> None:
        await self._ask("DELETE", "/_log")

    async def waiting(self, name: str) -> int:
        """Waits until a message `hold:NAME` has come; how many of them have."""
        requests: int = (await self._ask("GET", f"/_waiting/{name}"))["requests"]
        return requests

    async def push(self, name: str, text: str) -> None:
        """The next piece of the reply to `hold:NAME`."""
        await self._ask("POST", f"/_push/{name}", text)

    async def end(self, name: str) -> None:
        """Ends that reply."""
        await self._ask("POST", f"/_end/{name}")

    async def drop(self, name: str) -> None:
        """Breaks that reply off."""
        await self._ask("POST", f"/_drop/{name}")

    async def over(self, name: str) -> None:
        """Waits until that reply is over, by its end or because the client left."""
        await self._ask("GET", f"/_over/{name}")

    async def release(self) -> None:
        """Ends every reply that is held."""
        await self._ask("POST", "/_release")
