"""A chat widget for any website: the visitor chats, a platform's AI agent answers."""

__version__ = "0.2.0"
