"""The fake platforms: one ASGI app that answers as the four documents and OpenAI's do.

They are strict about what they receive, they fail on request, and they hold a reply until a test
lets it go on. `app.py` begins with what can be asked of them; `control.py` asks it.
"""
