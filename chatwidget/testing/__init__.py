"""Tests for adapters: what every one of them owes a visitor, on a platform without a network.

An adapter of one's own passes the suite that ours pass. Say how the platform answers, and run
pytest; Django has to be set up, as by pytest-django's DJANGO_SETTINGS_MODULE:

    from chatwidget.conf import ProviderConfig, Secret
    from chatwidget.testing import Answer, Conformance

    class TestParrot(Conformance):
        config = ProviderConfig("parrot", agent="polly", key=Secret("parrot-0123456789"))

        def answer(self, pieces, session):
            lines = [json.dumps({"text": piece}).encode() + b"\\n" for piece in pieces]
            return Answer(lines, headers={"content-type": "application/x-ndjson"})
"""

from chatwidget.testing.conformance import Conformance
from chatwidget.testing.transport import BROKEN, SILENCE, Answer, FakePlatform

__all__ = ["BROKEN", "SILENCE", "Answer", "Conformance", "FakePlatform"]
