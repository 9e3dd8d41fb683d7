"""A year of invented conversations: what `manage.py demo_data` fills a site with.

`words` is what is said, `story` decides who says it when and how it goes, by a seed, and `store`
writes it down as the transcript would.
"""
