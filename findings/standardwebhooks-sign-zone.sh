#!/usr/bin/env bash
# standardwebhooks for Python: a signature of a moment that is given in the sender's own time zone.
#
# Guess: `sign(id, moment, body)` takes an aware datetime as the moment that it is, so that a message whose
#        `webhook-timestamp` is `int(moment.timestamp())` verifies, whatever zone the sender's clock is in.
# Seen:  standardwebhooks 1.1.0 (Python 3.11) puts UTC in the place of the datetime's own zone, so what is signed is the
#        time on the wall: signed in Tokyo, the message is refused by the very library ("No matching signature
#        found"), and the signature is that of nine hours later. In UTC it holds, which is where tests mostly run.
#        A sender under Django's `localtime()` converts first: `moment.astimezone(UTC)`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime, timedelta, timezone

from standardwebhooks import Webhook, WebhookVerificationError

hook = Webhook("whsec_" + "c2VjcmV0IG9mIHRoaXMgc2NyaXB0")
body = '{"type": "chat.ended"}'
now = datetime.now(UTC)
tokyo = now.astimezone(timezone(timedelta(hours=9)))
assert tokyo == now

def send(moment):
    signature = hook.sign("msg_1", moment, body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }
    try:
        seen = str(hook.verify(body, headers))
    except WebhookVerificationError as error:
        seen = f"refused: {error}"
    print(f"{moment.tzname()}: {seen}")
    return seen

assert send(now) == "{'type': 'chat.ended'}"
assert send(tokyo) == "refused: No matching signature found"
assert hook.sign("msg_1", tokyo, body) == hook.sign("msg_1", now + timedelta(hours=9), body)
PYTHON
