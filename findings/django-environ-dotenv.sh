#!/usr/bin/env bash
# django-environ beside python-dotenv and a shell: one `.env` file, read in three ways.
#
# Guess: in a value between single quotes nothing is special, a comment may stand behind a value, and where it may
#        not by default, `parse_comments=True` takes it away and leaves a "#" within quotes alone.
# Seen:  django-environ 0.14.0 (Python 3.11): '$ecret' is the variable `ecret`; where there is none and a default is
#        given, that default comes, so a password is empty and nobody says so (one in fifty keys of Django's own
#        `get_random_secret_key` begins with "$"). A comment behind a value is part of it, quotes and all.
#        With parse_comments the value ends at any "#", also without a blank before it, also within double quotes. python-dotenv
#        1.2.4 and a shell read all of these as guessed. So: `Env.ENVIRON` instead of `env()`, single quotes,
#        comments on lines of their own.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check django-environ==0.14.0 python-dotenv==1.2.4
cat > "$folder/.env" <<'ENV'
SINGLE='$ecret'
NUMBER=8000 # the port
QUOTED='word' # a note
WITHIN="one#two"
ENV
"$folder/venv/bin/python" - "$folder/.env" <<'PYTHON'
import subprocess, sys

import dotenv, environ

NAMES = ("SINGLE", "NUMBER", "QUOTED", "WITHIN")

def by_environ(**how):
    class Env(environ.Env):
        ENVIRON = {}
    Env.read_env(sys.argv[1], **how)
    return [Env().str(name, default="") for name in NAMES]

said = subprocess.check_output(
    ["sh", "-c", 'set -a; . "$0"; env -0', sys.argv[1]], env={}, text=True
)
shell = dict(each.split("=", 1) for each in said.split("\0") if "=" in each)
values = dotenv.dotenv_values(sys.argv[1], interpolate=False)
seen = {
    "a shell": [shell[name] for name in NAMES],
    "python-dotenv": [values[name] for name in NAMES],
    "django-environ": by_environ(),
    "django-environ, parse_comments": by_environ(parse_comments=True),
}
for name, read in seen.items():
    print(f"{name}: {read}")
assert seen["a shell"] == seen["python-dotenv"] == ["$ecret", "8000", "word", "one#two"]
assert seen["django-environ"] == ["", "8000 # the port", "'word' # a note", "one#two"]
assert seen["django-environ, parse_comments"] == ["", "8000 ", "word", '"one']
PYTHON
