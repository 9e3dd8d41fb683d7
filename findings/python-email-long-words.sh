#!/usr/bin/env bash
# Python's email package: a header whose one word is too long for a line becomes an encoded word, also where
# none may stand.
#
# Guess: `List-Unsubscribe: <https://…>` with an address of 112 characters goes out as it is: it is ASCII, RFC 5322
#        lets a line have 998 characters, and there is no place to fold it. Or after one fold, on a line of its own.
# Seen:  Python 3.11.7, EmailMessage with policy.SMTP (by which Django 6.1.3 sends; with Django 5.2 the older classes do,
#        which leave it alone): `=?utf-8?q?=3Chttps=3A//…?=`, in three pieces. RFC 2047, 5 allows encoded words in phrases, comments
#        and unstructured text alone. The same for In-Reply-To, and the last id of References, while Message-ID is left
#        whole. Node's mailparser 3.14.2 decodes the ids, but finds no address in List-Unsubscribe, only the words as they
#        stand: a button that has nothing to ask. Python's own parser decodes all, so a test in Python sees nothing.
#        What works: addresses and ids of fewer characters than a line (78, the header's name included), or a policy
#        with `max_line_length=998`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cat > "$folder/seen.py" <<'PYTHON'
import pathlib, platform, sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.mime.text import MIMEText

ADDRESS = f"<https://example.com/unsubscribe/{'a1b2c3d4' * 10}>"
IDS = f"<{'a1b2c3d4' * 4}@example.com> <{'a1b2c3d4' * 10}@example.com>"

def mail(made):
    made["From"], made["To"], made["Subject"] = "a@example.com", "b@example.com", "Hello"
    made["Message-ID"] = made["In-Reply-To"] = IDS.split()[1]
    made["References"], made["List-Unsubscribe"] = IDS, ADDRESS
    return made

modern = EmailMessage(policy=policy.SMTP)
modern.set_content("Hello\n")
sent = {"modern": mail(modern).as_bytes(), "older": mail(MIMEText("Hello\n")).as_bytes()}
wide = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
sent["wide"] = mail(wide).as_bytes()

def header(raw, name):
    return message_from_bytes(raw)[name]  # as it stands, folds included

print(f"Python {platform.python_version()}")
for which, raw in sent.items():
    print(f"  {which}: {header(raw, 'List-Unsubscribe')!r}")
assert header(sent["modern"], "List-Unsubscribe").startswith("=?utf-8?q?=3Chttps")
assert header(sent["modern"], "In-Reply-To").startswith("=?utf-8?q?=3C")
assert header(sent["modern"], "References").startswith("<a1b2") and "=?utf-8?q?" in header(sent["modern"], "References")
assert header(sent["modern"], "Message-ID").strip() == IDS.split()[1]
for which in ("older", "wide"):
    assert header(sent[which], "List-Unsubscribe").strip() == ADDRESS
assert message_from_bytes(sent["modern"], policy=policy.SMTP)["List-Unsubscribe"] == ADDRESS
pathlib.Path(sys.argv[1]).write_bytes(sent["modern"])
PYTHON
python3 "$folder/seen.py" "$folder/mail"
npm install --silent --no-audit --no-fund --prefix "$folder" mailparser@3.14.2
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

const mail = await simpleParser(readFileSync(process.argv[2]));
const { unsubscribe } = mail.headers.get("list");
console.log(`mailparser: ${JSON.stringify({ unsubscribe, inReplyTo: mail.inReplyTo })}`);
assert.equal(unsubscribe.url, undefined);
assert.match(unsubscribe.name, /^=\?utf-8\?q\?/);
JAVASCRIPT
node "$folder/seen.mjs" "$folder/mail"
