"""The frame's configuration in the page."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from chatwidget.frame import script_json


@given(st.text())
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
@example("हिन्दी & \u2028")
def test_nothing_in_it_ends_its_script(text: str) -> None:
    written = script_json({"title": text})
    assert not {"<", ">", "&"} & set(written)
    assert json.loads(written) == {"title": text}


def test_letters_of_any_script_are_written_as_they_are() -> None:
    assert script_json("हिन्दी") == '"हिन्दी"'
