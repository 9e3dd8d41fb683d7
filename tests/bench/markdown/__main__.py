"""`python -m tests.bench.markdown [--full]`."""

import asyncio
import sys

from tests.bench.markdown import measure

print(asyncio.run(measure("--full" in sys.argv)))
