"""What `adk api_server` serves, as an app, whose owner has put a check of the key before it."""

from __future__ import annotations

from pathlib import Path

from google.adk.cli.fast_api import get_fast_api_app
from keyed import Keyed

app = get_fast_api_app(agents_dir=str(Path(__file__).parent / "adk_agents"), web=False)
app.add_middleware(Keyed)
