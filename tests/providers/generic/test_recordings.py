"""The presets on what the platforms themselves have answered, to the byte, in any cut.

documented.json is of the four that could not be run: what their documents say they answer.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from chatwidget.providers.generic.presets import PRESETS
from chatwidget.testing.transport import BROKEN, Answer
from tests.providers.generic.conftest import asked, generic, turn
from tests.running import ROOT

RECORDED, DOCUMENTED = (
    {each["name"]: each for each in json.loads((ROOT / f"tests/fixtures/{name}.json").read_text())}
    for name in ("recordings", "documented")
)
ANSWERS = RECORDED | DOCUMENTED
REJECTED, UNAVAILABLE, MISCONFIGURED = "provider_rejected", "provider_unavailable", "misconfigured"
END = "hi é世😀 end"
# Recording → the text, the error's code and what its cause holds, the session.
EXPECTED: dict[str, tuple[str, str, str, str]] = {
    "ls-stream": (f"Echo: {END}", "", "", ""),
    "ls-errmid": ("Echo: ", REJECTED, "Internal Server Error", ""),
    "ls-fail": ("", REJECTED, "Internal Server Error", ""),
    "ls-badbody": ("", REJECTED, "HTTP 422", ""),
    "ls-msg": ("Echo: hi", "", "", ""),
    "lg-stateless": (f"Echo 1: {END}", "", "", ""),
    "lg-errmid": ("Echo 1: ", REJECTED, "exploded mid-stream", ""),
    "lg-fail": ("", REJECTED, "exploded before", ""),
    "lg-badasst": ("", REJECTED, "Invalid assistant", ""),
    "lg-nothread": ("", MISCONFIGURED, "not found", ""),
    "lg-wait-fail": ("", REJECTED, "exploded before", ""),
    "lg-messages": (f"Echo 1: {END}", "", "", ""),
    "pyd-agui": (f"Echo 1: {END}", "", "", ""),
    "pyd-agui-errmid": ("Echo 1: ", REJECTED, "exploded mid-stream", ""),
    "pyd-agui-fail": ("", REJECTED, "exploded before", ""),
    "pyd-agui-bad": ("", REJECTED, "HTTP 422", ""),
    "aisdk-stream": (f"Echo 1: {END}.", "", "", ""),
    "aisdk-errmid": ("Echo 1: ERRM", REJECTED, "An error occurred", ""),
    "aisdk-fail": ("", REJECTED, "An error occurred", ""),
    "aisdk-break": ("Echo 1: BREA", UNAVAILABLE, "", ""),
    "aisdk-badbody": ("", UNAVAILABLE, "HTTP 500", ""),
    "pyd-vercel": (f"Echo 1: {END}", "", "", ""),
    "pyd-vercel-errmid": ("Echo 1: ", REJECTED, "exploded mid-stream", ""),
    "pyd-vercel-fail": ("", REJECTED, "exploded before", ""),
    "aisdk-text": (f"Echo 1: {END}.", "", "", ""),
    "aisdk-text-errmid": ("Echo 1: ERRM", "", "", ""),  # it cannot be known
    "aisdk-text-fail": ("", REJECTED, "it is empty", ""),
    "a2a-stream": (f"Echo: {END}", "", "", "7d76bf9a-3cac-4b53-9635-4303de1f40e0"),
    "a2a-msg": ("Echo: MSG", "", "", "2378a80e-1a9e-41cc-9277-07b225ad42dd"),
    "a2a-status": ("Echo in status: STATUS", "", "", "35fc4498-8f95-45cc-aba2-98fcf890e40d"),
    "a2a-errmid": ("Echo: ", REJECTED, "exploded", "831da2bd-10c9-4ebb-8023-90738c20108e"),
    "a2a-fail": ("", REJECTED, "exploded before", ""),
    "a2a-input": ("Echo: \n\nWhich one?", "", "", "982d4820-99a0-4f0b-9813-872fccfc3ea1"),
    "a2a-nover": ("", REJECTED, "is not supported by this handler", ""),
    "a2a-nostream": (f"Echo: {END}", "", "", "bb4179b8-ec1f-46eb-850d-4adb46463e51"),
    "a2a-compat": (f"Echo: {END}", "", "", "02023983-6e1c-4276-a015-babb5d3f763f"),
    "resp-stream": (f"Echo 1: {END}.", "", "", "resp_7NvdkkzBdc"),
    "resp-errmid": ("Echo 1: ERRM", REJECTED, "upstream broke mid-stream", "resp_7_c57HuMw"),
    "resp-fail": ("", UNAVAILABLE, "upstream exploded", ""),
    "msg-stream": (f"Echo 1: {END}.", "", "", ""),
    "msg-errmid": ("Echo 1: ERRM", REJECTED, "upstream broke mid-stream", ""),
    "msg-limit": ("", "provider_rate_limited", "HTTP 429", ""),
    "adk-stream": (f"Echo 1: {END}", "", "", "1111"),
    "adk-errmid": ("Echo 3: ", REJECTED, "exploded mid-stream", "1111"),
    "adk-coded": ("Echo 4: ", REJECTED, "blocked", "1111"),
    "adk-nosession": ("", MISCONFIGURED, "Session not found", "1111"),
    "rasa-hi": ("Hey! é世😀\n\nPick one\n\nA picture", "", "", ""),
    "rasa-none": ("", REJECTED, "[]", ""),
    "rasa-badjson": ("", REJECTED, "HTTP 400", ""),
    "rasa-stream": ("Hey! é世😀\n\nPick one\n\nA picture", "", "", ""),
    "rasa-boom-stream": ("Hey! é世😀", "", "", ""),
    "n8n-stream": (f"Echo 1: {END}.", "", "", ""),
    "n8n-stream-fail": ("", REJECTED, "upstream exploded", ""),
    "n8n-stream-abort": ("", UNAVAILABLE, "", ""),
    "n8n-v3-errmid": ("Echo 1: ERRM", REJECTED, "Original error: APIError", ""),
    "n8n-last": ("Echo: hi é世😀", "", "", ""),
    "n8n-agent": (f"Echo 1: {END}.", "", "", ""),
    "n8n-err": ("", UNAVAILABLE, "Error in workflow", ""),
    "n8n-404": ("", MISCONFIGURED, "is not registered", ""),
    "n8n-auth-bad": ("", MISCONFIGURED, "Authorization data is wrong!", ""),
    "n8n-auth-none": ("", MISCONFIGURED, "Authorization is required!", ""),
    "flowise-streamer": ("Hi é世😀\n\nbye", "", "", "c1"),
    "flowise-streamer-err": ("Hi", REJECTED, "boom", ""),
    "flowise-badkey": ("", MISCONFIGURED, "Unauthorized", ""),
    "flowise-errmid": ("Echo 1: ERRM", REJECTED, "upstream broke mid-stream", ""),
    "flowise-full-nostream": (f"Echo 1: {END}.", "", "", ""),
    "flowise-stream": (f"Echo 1: {END}.", UNAVAILABLE, "", ""),  # its end never came
    "flowise-badflow-nostream": ("", MISCONFIGURED, "not found in the database", ""),
    "langflow-stream": (f"Echo: {END}", "", "", "s1"),
    "langflow-fail": ("", REJECTED, "exploded before", ""),
    "langflow-badkey": ("", MISCONFIGURED, "Invalid or missing API key", ""),
    "ls-slow": ("Echo: SLOW é世😀 end", "", "", ""),
    "lg-ifnotexists": (f"Echo 1: {END}", "", "", ""),
    "lg-second": ("Echo 2: again é世😀 end", "", "", ""),
    "lg-slow": ("Echo 1: SLOW é世😀 end", "", "", ""),
    "lg-badthread": ("", REJECTED, "badly formed", ""),
    "pyd-agui-min": ("Echo 1: x é世😀 end", "", "", ""),
    "pyd-agui-slow": ("Echo 1: SLOW é世😀 end", "", "", ""),
    "pyd-vercel-bad": ("", REJECTED, "HTTP 422", ""),
    "pyd-web": (f"Echo 1: {END}", "", "", ""),
    "a2a-ctx": (f"Echo: {END}", "", "", "my-own-ctx"),
    "a2a-badtask": ("", REJECTED, "Task nope not found", ""),
    "a2a-slow": ("Echo: SLOW é世😀 end", "", "", "62de6389-1b22-48a7-ba9d-4176d1ab2537"),
    "resp-badkey": ("", REJECTED, "No connected db.", ""),
    "msg-fail": ("", UNAVAILABLE, "HTTP 500", ""),
    "msg-slow": ("Echo 1: SLOW 17 é世😀 end.", "", "", ""),
    "msg-badkey": ("", REJECTED, "No connected db.", ""),
    "adk-stream2": ("Echo 2: again é世😀 end", "", "", "1111"),
    "adk-fail": ("", REJECTED, "exploded before", "1111"),
    "adk-slow": ("Echo 8: SLOW é世😀 end", "", "", "1111"),
    "rasa-boom": ("Hey! é世😀", "", "", ""),
    "n8n-stream-errmid": ("", REJECTED, "Original error: APIError", ""),
    "n8n-stream-slow": ("Echo 1: SLOW 20 é世😀 end.", "", "", ""),
    "n8n-stream2": ("Echo 2: again é世😀 end.", "", "", ""),
    "n8n-v3-slow": ("Echo 1: SLOW 20 é世😀 end.", "", "", ""),
    "n8n-v3-stream": ("".join(f"w{number} " for number in range(60)), "", "", ""),
    "n8n-last-badbody": ("", REJECTED, "HTTP 422", ""),
    "n8n-last-empty": ("Echo:  é世😀", "", "", ""),
    "n8n-resp": ("Echo: hi", "", "", ""),
    "n8n-agent-fail": ("", UNAVAILABLE, "Error in workflow", ""),
    "n8n-auth-ok": ("Echo: hi é世😀", "", "", ""),
    "flowise-badbody": ("", REJECTED, "HTTP 400", ""),
    "flowise-full": (f"Echo 1: {END}.", "", "", "c9"),
    "flowise-nokey": ("", MISCONFIGURED, "buildChatflow", ""),
    "flowise-nokey-nostream": ("", UNAVAILABLE, "HTTP 500", ""),
    "langflow-badbody": ("", REJECTED, "json_invalid", ""),
    "langflow-badflow": ("", MISCONFIGURED, "not found", ""),
    "langflow-errmid": ("Echo: ", REJECTED, "exploded mid-stream", ""),
    "langflow-nokey": ("", MISCONFIGURED, "LANGFLOW_AUTO_LOG", ""),
    "langflow-nosession": (f"Echo: {END}", "", "", "3170556c-1fcc-4c8e-8522-6b4e45b59968"),
    "langflow-nostream": ("", REJECTED, "no rule of the description", ""),
    "langflow-nostream-fail": ("", UNAVAILABLE, "HTTP 500", ""),
    # A program that speaks Ollama's API.
    "olp-stream": ("Echo 1: hi é世😀 end é世😀", "", "", ""),
    "olp-fail": ("", REJECTED, "upstream exploded", ""),
    "olp-errmid": ("Echo 1: ERRM ", REJECTED, "broke mid-stream", ""),
    "olp-notfound": ("", REJECTED, "Unknown provider prefix", ""),
}
DIFY = "45701982-8118-4bc5-8e9b-64562b4555f2"
EXPECTED |= {
    "dify-chat": (f"Echo 1: {END}", "", "", DIFY),
    "dify-flow": (f"Echo 1: {END}", "", "", DIFY),
    "dify-agent": ("I have created an image é世😀", "", "", DIFY),
    "dify-error": ("Echo 1: ", REJECTED, "Your quota", DIFY),
    "dify-replace": ("Echo 1: ", REJECTED, "It was moderated.", DIFY),
    "dify-cut": ("Echo 1: hi é", UNAVAILABLE, "without its end mark (answer.end)", DIFY),
    "dify-404": ("", MISCONFIGURED, "Conversation Not Exists", ""),
    "dify-badkey": ("", MISCONFIGURED, "Access token is invalid", ""),
    "ollama-stream": (f"Echo 1: {END}", "", "", ""),
    "ollama-think": (f"Echo 1: {END}", "", "", ""),
    "ollama-tool": ("", REJECTED, "finds a text", ""),
    "ollama-whole": (f"Echo 1: {END}", "", "", ""),
    "ollama-errmid": ("Echo 1: ", REJECTED, "while running the model", ""),
    "ollama-cut": ("Echo 1: hi", UNAVAILABLE, "without its end mark", ""),
    "ollama-404": ("", MISCONFIGURED, "not found, try pulling it", ""),
    "typebot-choice": ("Hi **é世😀**\n\nWhich one?", "", "", "s-1"),
    "typebot-image": ("See", "", "", "s-1"),
    "typebot-pictures": ("Pick", "", "", "s-1"),
    "typebot-404": ("", MISCONFIGURED, "Session not found.", "s-1"),
    "voiceflow-text": ("Hi é世😀\n\nWhich one?", "", "", "s-1"),
    "voiceflow-completion": (f"Echo 1: {END}", "", "", "s-1"),
    "voiceflow-cards": ("See", "", "", "s-1"),
    "voiceflow-card": ("", "", "", "s-1"),
    "voiceflow-debug": ("Hi", "", "", "s-1"),
    "voiceflow-cut": ("Hi", UNAVAILABLE, "without its end mark", "s-1"),
    "voiceflow-401": ("", MISCONFIGURED, "Unauthorized", "s-1"),
}
FILE = "https://upload.dify.example/files/tools/d75b7a5c.png?sign=a"
GIF, VISUAL = "https://media.example/one.gif", "https://media.example/b.png"
PICTURE = "http://127.0.0.1/x.png"
MUG = {"title": "A mug", "payload": "Buy", "image": "https://media.example/a.png"}
YES_NO = ("buttons", {"title": "Yes", "payload": "Yes"}, {"title": "No", "payload": "No"})
# Recording → the type of its rich element, and its items; the others have none.
RICH: dict[str, tuple[Any, ...]] = {
    name: ("buttons", {"title": "A", "payload": "/bye"}, {"title": PICTURE, "url": PICTURE})
    for name in ("rasa-hi", "rasa-stream")
} | {
    "dify-agent": ("links", {"title": FILE, "url": FILE}),
    "typebot-choice": YES_NO,
    "typebot-image": ("links", {"title": GIF, "url": GIF}),
    "typebot-pictures": ("product-grid", {**MUG, "payload": "A mug"}),
    "voiceflow-text": YES_NO,
    "voiceflow-cards": (
        "product-grid",
        MUG,
        {name: value for name, value in MUG.items() if name != "payload"} | {"title": "A cup"},
    ),
    "voiceflow-card": ("product-grid", MUG, {"title": VISUAL, "url": VISUAL}),
}
# What those answer that open a conversation.
OPENED = {
    "google-adk": Answer([b"{}"], 409, {"content-type": "application/json"}),
    "typebot": Answer([b'{"sessionId": "s-1", "messages": []}']),
    "voiceflow": Answer([b'{"sessionKey": "s-1"}']),
}


def recorded(name: str, cuts: list[int]) -> Answer:
    """A recording in pieces that end at the given places."""
    record = ANSWERS[name]
    body = record["body"].encode()
    ends = sorted({cut for cut in cuts if 0 < cut < len(body)})
    pieces = [body[a:b] for a, b in zip([0, *ends], [*ends, len(body)], strict=True)]
    headers = {"content-type": record["type"]} if record["type"] else {}
    broken = [BROKEN] if record.get("broken") else []
    return Answer([*pieces, *broken], record["status"], headers)


async def found(name: str, cuts: list[int]) -> dict[str, Any]:
    preset = ANSWERS[name]["preset"]
    answers = [OPENED[preset]] if preset in OPENED else []
    answers.append(recorded(name, cuts))
    outcome, _ = await asked(generic(preset=preset), lambda request: answers.pop(0), turn())
    return {
        "text": outcome.text,
        "code": outcome.code,
        "cause": outcome.error.cause if outcome.error else "",
        "session": outcome.session,
        "ui": outcome.finished and outcome.finished.ui,
    }


def expect(name: str, outcome: dict[str, Any]) -> None:
    text, code, cause, session = EXPECTED[name]
    assert (outcome["text"], outcome["code"]) == (text, code)
    assert cause in outcome["cause"]
    assert outcome["session"].startswith(session)
    assert bool(outcome["session"]) == bool(session)
    kind, *items = RICH.get(name, ("", None))
    assert outcome["ui"] == ({"type": kind, "data": items} if kind else None)


@pytest.mark.parametrize("name", EXPECTED)
async def test_whole(name: str) -> None:
    expect(name, await found(name, []))


@pytest.mark.parametrize("name", EXPECTED)
async def test_byte_by_byte(name: str) -> None:
    expect(name, await found(name, list(range(100_000))))


@pytest.mark.parametrize("name", EXPECTED)
async def test_random_cuts(name: str) -> None:
    chance = random.Random(name)
    for _ in range(10):
        cuts = [chance.randrange(10_000) for _ in range(chance.randrange(1, 200))]
        expect(name, await found(name, cuts))


def test_every_recording_is_expected() -> None:
    assert ANSWERS.keys() == EXPECTED.keys()
    assert not RECORDED.keys() & DOCUMENTED.keys()


def test_every_preset_that_was_recorded_is_tried() -> None:
    tried = {record["preset"] for record in RECORDED.values()}
    read_only = {record["preset"] for record in DOCUMENTED.values()} - tried
    assert tried | read_only == set(PRESETS)
    for name, preset in PRESETS.items():
        assert ("documentation only" in preset.tried) == (name in read_only)
        assert (
            preset.tried[:1].isupper()
            or name in (*read_only, "a2a-1.0", "a2a-0.3")
            or any(digit in preset.tried for digit in "0123456789")
        )
