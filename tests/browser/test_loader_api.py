"""The JavaScript API on the embedding page."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.browser.fake import FakeServer, accepted, message
from tests.browser.shop import Shop


async def test_commands_wait_for_the_loader(shop: Shop) -> None:
    before = """<script>
      window.heard = [];
      window.ChatWidget = window.ChatWidget || [];
      ChatWidget.push(["on", "message", (message) => heard.push(message.role)]);
      ChatWidget.push(["identify", { name: "Ada", email: "ada@shop.example" }], ["send", "hello"]);
    </script>"""
    fake = await FakeServer(shop.page).take()
    await shop.show(body=before + shop.tag)
    send = await fake.heard("send")
    assert send["text"] == "hello"
    assert fake.of("hello")[0]["identity"] == {"name": "Ada", "email": "ada@shop.example"}
    fake.say(accepted(send, 1))
    await shop.page.wait_for_function("heard.length === 1")
    assert await shop.page.evaluate("heard") == ["user"]
    await shop.page.evaluate("ChatWidget.push(['close'])")
    await expect(shop.iframe).to_be_hidden()


async def test_every_method_and_event(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(
        """() => {
          window.heard = [];
          for (const type of ["ready", "open", "close", "message", "unread", "error", "identify"]) {
            const note = (detail) => heard.push(detail === undefined ? type : [type, detail]);
            ChatWidget.on(type, note);
          }
          ChatWidget.on("open", () => { throw "a listener's own affair"; });
          window.off = ChatWidget.on("open", () => heard.push("twice"));
        }"""
    )

    async def heard(*events: Any) -> None:
        await shop.page.wait_for_function("count => heard.length >= count", arg=len(events))
        assert await shop.page.evaluate("heard.splice(0)") == list(events)

    await shop.page.evaluate("ChatWidget.open()")
    await heard("open", "twice", "ready")
    await shop.page.evaluate("off(), ChatWidget.toggle()")
    await heard("close")
    await shop.page.evaluate("ChatWidget.send('hello')")
    send = await fake.heard("send")
    await heard("open")
    fake.say(accepted(send, 1))
    await heard(["message", {"id": "m1", "role": "user", "text": "hello"}])
    await shop.page.evaluate("ChatWidget.close()")
    await heard("close")
    # What the frame says next it says knowing that it is closed.
    await shop.page.evaluate("ChatWidget.identify({ email: 'ada@shop.example' })")
    await heard("ready", ["identify", {"email": "ada@shop.example"}])
    fake.say({"type": "message", "message": message(2, "assistant", "", status="streaming")})
    fake.say({"type": "delta", "id": "m2", "offset": 0, "text": "Hi"})
    fake.say({"type": "done", "id": "m2", "status": "complete", "length": 2})
    await heard(["message", {"id": "m2", "role": "assistant", "text": "Hi"}], ["unread", 1])
    fake.say({"type": "error", "code": "rate_limited", "detail": "slow", "retryable": True})
    await heard(["error", "rate_limited"])
    await shop.page.evaluate("ChatWidget.destroy()")
    await expect(shop.page.locator("chat-widget")).to_have_count(0)
    assert await shop.page.evaluate("window.ChatWidget") is None
    assert [line for line in shop.complaints if "own affair" in line]
    shop.complaints.clear()


async def test_whatever_a_page_says_is_taken_as_text(shop: Shop) -> None:
    """A framework's objects can be read, but not posted; who has logged out is nobody."""
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(
        """() => {
          const user = { id: 42, name: "Ada", email: null, friends: [], save: () => {} };
          ChatWidget.identify(new Proxy(user, {}));
          ChatWidget.send(new Proxy({ toString: () => "hello" }, {}));
        }"""
    )
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    hello = await fake.heard("hello")
    assert hello["identity"]["id"] == "42" and hello["identity"]["name"] == "Ada"
    assert (await fake.heard("send"))["text"] == "hello"
    await shop.page.evaluate("ChatWidget.identify(null)")
    assert "identity" not in await fake.heard("hello", 2)


async def test_what_is_destroyed_stores_nothing(shop: Shop) -> None:
    await shop.show()
    await shop.open()
    assert await shop.stored() == "2"
    await shop.page.evaluate("ChatWidget.destroy()")
    await shop.page.evaluate(
        """() => {
          sessionStorage.clear();
          for (const type of ["resize", "scroll"]) visualViewport.dispatchEvent(new Event(type));
        }"""
    )
    assert await shop.stored() is None


async def test_a_stranger_in_the_page_is_not_heard(shop: Shop) -> None:
    """Another frame that speaks as the loader would gets no port, and changes nothing."""
    stranger = """<iframe srcdoc="<script>
      const state = { page: { url: 'x', title: 'x', referrer: '' }, open: true, inline: false,
        texts: ['stolen'] };
      setInterval(() => {
        for (const each of parent.document.querySelectorAll('chat-widget')) {
          const target = each.shadowRoot.querySelector('iframe');
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => parent.tricked = true;
          target?.contentWindow.postMessage(1, '*', [port2]);
          port1.postMessage(state);
          parent.spoken = (parent.spoken ?? 0) + !!target;
        }
      }, 10);
    </script>"></iframe>"""
    fake = await FakeServer(shop.page).take()
    await shop.show(body=shop.tag + stranger)
    await shop.open()
    spoken = await shop.page.evaluate("window.spoken")
    await shop.page.wait_for_function("count => window.spoken > count + 20", arg=spoken)
    assert fake.of("send") == []
    assert await shop.page.evaluate("window.tricked") is None
