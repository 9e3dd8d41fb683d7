"""The site's settings with limits that a test reaches quickly, and that last as long as it."""

from __future__ import annotations

from project.settings import *  # noqa: F403
from project.settings import CHATWIDGET as SITES

CHATWIDGET = {
    **SITES,
    "LIMITS": {
        "messages_per_visitor": "3/day",
        "messages_per_address": "8/day",
        "conversations_per_visitor": "4/day",
        "conversations_per_address": "9/day",
        "connections_per_address": "30/day",
        "sockets_per_visitor": 3,
        "sockets_per_address": 6,
        "pages_per_address": 4,
        "challenges_per_address": "4/day",
        "messages_per_challenge": 1,
        "frames_per_second": 5,
        "frames_burst": 60,
        "work_per_visitor": 4,
        "work_per_address": 30,
    },
}
