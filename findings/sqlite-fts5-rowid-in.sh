#!/usr/bin/env bash
# SQLite's FTS5: a MATCH that is limited to a few rowids costs more than one that is not limited at all.
#
# Guess: `MATCH … AND rowid IN (a few dozen)` looks these few up, and is quicker than the same MATCH over the
#        whole table.
# Seen:  SQLite 3.50.4 (apsw 3.50.4.0), 100,000 rows, words' beginnings that most of the rows have: the plan has the
#        rowid as an argument of the virtual table, and each of the 50 runs the whole query once more, which makes
#        it 30 times as slow as without the limit, and more. So the rows of a page are tested by other means.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.50.4.0
"$folder/venv/bin/python" - <<'PYTHON'
import random
import time

import apsw

random.seed(1)
db = apsw.Connection(":memory:")
db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
with db:
    for _ in range(100_000):
        text = " ".join(f"a{random.randrange(20_000)}" for _ in range(10))
        db.execute("INSERT INTO words(text) VALUES (?)", (text,))
few = ", ".join(map(str, random.sample(range(1, 100_001), 50)))
whole = "SELECT rowid FROM words WHERE words MATCH 'a1*'"
limited = f"{whole} AND rowid IN ({few})"


def seconds(query):
    began = time.perf_counter()
    found = db.execute(query).fetchall()
    return time.perf_counter() - began, len(found)


(all_of_it, many), (a_few, some) = seconds(whole), seconds(limited)
print(apsw.sqlite_lib_version())
print(f"MATCH alone: {many} rows in {all_of_it * 1000:.0f} ms")
print(f"with 50 rowids: {some} rows in {a_few * 1000:.0f} ms, {a_few / all_of_it:.0f} times that")
assert a_few > 5 * all_of_it
PYTHON
