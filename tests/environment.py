"""The environment of the tests; a pytest plugin, so that it is there before Django reads it.

A developer's own variables and `.env` must change no test: everything that the settings read is
either set here or set to nothing, which counts as unset.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="chatwidget-tests-"))
# All tests that ask for no database of their own run on this server, where it is set: the URL of a
# MariaDB without a database's name. `python -m tests.mariadb pytest …` does so.
SERVER = os.environ.get("TEST_DATABASE_SERVER", "")
VARIABLES = {
    "SECRET_KEY": "the tests' own secret key, long enough for anybody's taste: 0123456789",
    "DEBUG": "true",
    "CHATWIDGET_LIMITS": "off",
    "DATABASE_URL": f"{SERVER}unit" if SERVER else f"sqlite:///{FOLDER}/unit.sqlite3",
    "STATIC_ROOT": f"{FOLDER}/static",  # its own, whoever else collects at this moment
    **dict.fromkeys(
        (
            "ALLOWED_HOSTS",
            "CHATWIDGET_ALLOW_PRIVATE_PROVIDERS",
            "CHATWIDGET_CHALLENGE",
            "CHATWIDGET_CHALLENGE_SECRET",
            "CHATWIDGET_CHALLENGE_SITE_KEY",
            "CHATWIDGET_CHALLENGE_VERIFY_URL",
            "CHATWIDGET_DRAIN_SECONDS",
            "CHATWIDGET_FALLBACK_SECONDS",
            "CHATWIDGET_METRICS_ADDRESSES",
            "CHATWIDGET_METRICS_TOKEN",
            "CHATWIDGET_SECRET_KEYS",
            "CHATWIDGET_TIMEOUTS",
            "CSRF_TRUSTED_ORIGINS",
            "HOST",
            "HTTPS_ONLY",
            "LOG_FORMAT",
            "LOG_LEVEL",
            "PORT",
            "REDIS_URL",
            "TIME_ZONE",
            "TRUSTED_PROXIES",
        ),
        "",
    ),
}
os.environ.update(VARIABLES)
