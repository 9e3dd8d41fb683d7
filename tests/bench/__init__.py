"""`make bench`: what the relay, the page and a full database cost, as ratios of one run."""
