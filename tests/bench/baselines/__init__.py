"""What people would write instead: each forwards every chunk as one text frame, then `[DONE]`.

Each is an ASGI application that reads the provider's address from PROVIDER_URL.
"""
