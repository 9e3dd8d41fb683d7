#!/usr/bin/env bash
# Brotli's Python decoder: a bound on the output that is none, and a question that it always answers alike.
#
# Guess: Decompressor.process(data, output_buffer_limit=1000) gives at most some 1,000 bytes, and
#        can_accept_more_data() is false while more of the output is waiting, as its documentation says.
# Seen:  Brotli 1.2.1 (Python 3.11) gives 32,752 bytes at once, and says "yes, more data" with 267,248
#        bytes of output waiting, and after the end. So a reader that follows can_accept_more_data() feeds
#        the next piece while the last is not read out, and one that sizes its buffer by the limit
#        has thirty times that. What works: call process(b"") until it returns nothing.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check Brotli==1.2.1
"$folder/venv/bin/python" - <<'PYTHON'
import brotli

encoded = brotli.compress(b"x" * 300_000)
decoder = brotli.Decompressor()
first = len(decoder.process(encoded, output_buffer_limit=1000))
asked = decoder.can_accept_more_data()
print(f"Brotli {brotli.__version__}: limit 1000, given {first}, can_accept_more_data {asked}")
assert (first, asked, decoder.is_finished()) == (32_752, True, False)

total, calls = first, 0
while piece := decoder.process(b"", output_buffer_limit=1000):
    total, calls = total + len(piece), calls + 1
print(f"{calls} more calls with nothing gave the other {total - first}; can_accept_more_data {decoder.can_accept_more_data()}")
assert (total, decoder.can_accept_more_data(), decoder.is_finished()) == (300_000, True, True)
PYTHON
