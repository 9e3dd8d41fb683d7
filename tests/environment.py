"""The environment of the tests; a pytest plugin, so that it is there before Django reads it.

A developer's own variables and `.env` must change no test: everything that the settings read is
either set here or set to nothing, which counts as unset.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

SETTINGS = Path(__file__).parents[1] / "project/settings.py"
# The names of what the settings read: of the site's own, and of those that are the app's.
NAMED = re.compile(r'\bread\(\s*"([A-Z_]+)"|\b(CHATWIDGET_[A-Z_]+)=')
READ = {ours or apps for ours, apps in NAMED.findall(SETTINGS.read_text("utf-8"))}
FOLDER = Path(tempfile.mkdtemp(prefix="chatwidget-tests-"))
# All tests that ask for no database of their own run on this server, where it is set: the URL of a
# MariaDB without a database's name. `python -m tests.mariadb pytest …` does so.
SERVER = os.environ.get("TEST_DATABASE_SERVER", "")
GIVEN = {
    "SECRET_KEY": "the tests' own secret key, long enough for anybody's taste: 0123456789",
    "DEBUG": "true",
    "CHATWIDGET_LIMITS": "off",
    "DATABASE_URL": f"{SERVER}unit" if SERVER else f"sqlite:///{FOLDER}/unit.sqlite3",
    "STATIC_ROOT": f"{FOLDER}/static",  # its own, whoever else collects at this moment
}
VARIABLES = {**dict.fromkeys(READ, ""), **GIVEN}
os.environ.update(VARIABLES)
