"""The form of an agent that is described: a preset, its fields, the description, a dry run."""

from __future__ import annotations

from aiohttp import web
from playwright.async_api import BrowserContext, expect

from tests.running import Server


async def test_a_preset_is_chosen_changed_saved_and_tried(
    context: BrowserContext, server: Server
) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((await request.json())["message"])
        return web.json_response([{"text": "not this"}, {"said": f"Answer {len(asked)}"}])

    app = web.Application()
    app.router.add_post("/webhooks/rest/webhook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{server.url}/admin/chatwidget/widget/add/")
        dry_run = page.get_by_role("button", name="Dry run")
        await expect(dry_run).to_be_hidden()
        await page.get_by_label("Title:", exact=True).fill("By a description")
        await page.get_by_label("Slug").fill("by-a-description")

        # It asks for what the preset uses, and says what that is.
        await page.get_by_label("Platform:", exact=True).select_option("generic")
        preset = page.get_by_label("Preset:", exact=True)
        await preset.select_option("langflow")
        for field in ("Agent:", "Base URL:", "API key:"):
            await expect(page.get_by_label(field, exact=True)).to_be_visible()
        await expect(page.get_by_text("a Langflow API key")).to_be_visible()
        await preset.select_option("rasa")
        await expect(page.get_by_label("Agent:", exact=True)).to_be_hidden()
        await expect(page.get_by_text("a Langflow API key")).to_be_hidden()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await page.get_by_label("Base URL:", exact=True).fill(address)

        # It becomes a description, which is changed and saved.
        description = page.locator("#id_option_generic_description")
        await page.get_by_role("button", name="Begin with this preset").click()
        given = await description.input_value()
        assert '"[*].text"' in given
        await description.fill(given.replace('"[*].text"', '"[*].reply"'))
        await page.get_by_role("button", name="Save and continue editing").click()
        await expect(page.locator(".messagelist")).to_contain_text("was added successfully")
        await expect(description).to_have_value(given.replace('"[*].text"', '"[*].reply"'))

        # And changed once more: what is tried is what the form says, not what is stored.
        await description.fill(given.replace('"[*].text"', '"[*].said"'))
        await page.get_by_role("textbox", name="First message").fill("Is it open?")
        async with page.expect_popup() as opening:
            await dry_run.click()
        tried = await opening.value
        verdict = tried.get_by_role("region", name="Verdict")
        await expect(verdict).to_contain_text("Events: 1; by rule: text[0]")
        await expect(tried.get_by_role("cell", name="text[0]")).to_have_count(2)
        await expect(tried.locator("dd", has_text="Answer 1")).to_be_visible()
        assert asked == ["Is it open?", "What have I just written?"]
        await expect(description).to_have_value(given.replace('"[*].text"', '"[*].said"'))
        await page.reload()
        await expect(description).to_have_value(given.replace('"[*].text"', '"[*].reply"'))
        assert errors == []
    finally:
        await runner.cleanup()
