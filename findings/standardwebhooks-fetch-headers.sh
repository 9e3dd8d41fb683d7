#!/usr/bin/env bash
# standardwebhooks for JavaScript: the headers of a fetch Request are no headers to it.
#
# Guess: `verify(body, request.headers)` takes what route handlers have in their hands (Next.js, Hono, Deno, Cloudflare's workers:
#        a `Headers`, whose names match in any case), as the library for Python takes Django's `request.headers`.
# Seen:  standardwebhooks 1.1.1 and svix 1.99.1 for npm read the own properties of the object, of which a `Headers`, like
#        a `Map`, has none: "Missing required headers", for a message that is whole and signed. A plain object passes, also
#        Node's `request.headers`. What works: `Object.fromEntries(request.headers)`. Python's standardwebhooks
#        1.1.0 takes Django's headers, whose names are written with capitals.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" standardwebhooks@1.1.1 svix@1.99.1
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import assert from "node:assert/strict";
import * as standard from "standardwebhooks";
import * as svix from "svix";

const body = '{"type":"webhook.test"}';
const now = new Date();
for (const [name, { Webhook }] of Object.entries({ standardwebhooks: standard, svix })) {
  const hook = new Webhook(`whsec_${Buffer.from("secret of this script").toString("base64")}`);
  const plain = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": hook.sign("msg_1", now, body),
  };
  const { headers } = new Request("https://example.com/", { method: "POST", headers: plain, body });
  const seen = {};
  for (const [what, given] of Object.entries({
    "a plain object": plain,
    "request.headers": headers,
    "Object.fromEntries(request.headers)": Object.fromEntries(headers),
  })) {
    try {
      seen[what] = hook.verify(body, given).type;
    } catch (error) {
      seen[what] = `${error.message}`;
    }
    console.log(`${name}, ${what}: ${seen[what]}`);
  }
  assert.deepEqual(Object.values(seen), ["webhook.test", "Missing required headers", "webhook.test"]);
}
JAVASCRIPT
node "$folder/seen.mjs"

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 Django==5.2.19
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime

from django.http.request import HttpHeaders
from standardwebhooks import Webhook

hook = Webhook("whsec_" + "c2VjcmV0IG9mIHRoaXMgc2NyaXB0")
now, body = datetime.now(UTC), '{"type": "webhook.test"}'
headers = HttpHeaders({
    "HTTP_WEBHOOK_ID": "msg_1",
    "HTTP_WEBHOOK_TIMESTAMP": str(int(now.timestamp())),
    "HTTP_WEBHOOK_SIGNATURE": hook.sign("msg_1", now, body),
})
for given in (headers, dict(headers)):
    print(f"Python, {type(given).__name__} {list(given)}: {hook.verify(body, given)['type']}")
PYTHON
