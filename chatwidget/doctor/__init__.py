"""Looks a site over: from inside, with its own settings, and from outside, as a browser would."""
