"""Frames that are posted to one worker reach the stream that another one has open."""

from __future__ import annotations

from tests.delivery.conftest import Pair
from tests.delivery.visits import SLUG
from tests.stream_client import StreamChat


async def test_posts_reach_the_worker_that_has_the_stream(pair: Pair) -> None:
    async with StreamChat(pair.a.url, SLUG, post_to=pair.b.url) as chat:
        await chat.greeting(await chat.hello())
        text, done = await chat.ask("say:naïve 日本")
        assert (text, done["status"]) == ("naïve 日本", "complete")
        await chat.quiet()
