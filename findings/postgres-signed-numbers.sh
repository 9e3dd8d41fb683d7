#!/usr/bin/env bash
# PostgreSQL's full-text search beside SQLite's: "1234" does not find "order 2026-1234", and "red" not "red/green".
#
# Guess: a word ends where punctuation begins, in PostgreSQL's configuration `simple` as in FTS5's `unicode61`: number, part
#        of a telephone number, day of a date, either side of a slash are found alone.
# Seen:  PostgreSQL 16.2 (pgserver 0.1.4): its parser makes a signed number of what stands behind a hyphen, so `2026-1234` is
#        2026 and -1234, and a search for 1234 finds nothing, by websearch_to_tsquery as by the others. `red/green` is a
#        file's path and `Fine.Thanks` a host's name, each one word. Searched for as it is written all is found; a
#        leading "-" is "not". SQLite (apsw 3.50.4.0) finds all of them either way. What works: both cut before, by
#        translate(…, '-/.', '   '); or words of one's own, as in `chatwidget/transcripts/folding.py`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    pgserver==0.1.4 "psycopg[binary]==3.3.9" apsw==3.50.4.0
cat > "$folder/seen.py" <<'PYTHON'
import pathlib, sys

import apsw, pgserver, psycopg

ASKED = {
    "order 2026-1234": ["1234", "2026-1234"],
    "call 030-555": ["555", "030-555"],
    "on 2026-11-29": ["29", "2026-11-29"],
    "red/green lamps": ["red", "red/green"],
    "Fine.Thanks": ["thanks", "fine.thanks"],
}
FTS = "SELECT to_tsvector('simple', {0}) @@ websearch_to_tsquery('simple', {0})"
CUT = "translate(%s, '-/.', '   ')"
lite = apsw.Connection(":memory:")
lite.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='unicode61')")
server = pgserver.get_server(pathlib.Path(sys.argv[1]) / "data", cleanup_mode="delete")
try:
    with psycopg.connect(server.get_uri()) as db:
        for text, queries in ASKED.items():
            lite.execute("DELETE FROM texts")
            lite.execute("INSERT INTO texts VALUES (?)", (text,))
            vector = db.execute("SELECT to_tsvector('simple', %s)::text", (text,)).fetchone()[0]
            print(f"{text!r}: {vector}")
            for query, found in zip(queries, (False, True)):
                asked = (text, query)
                plain, cut = (db.execute(FTS.format(how), asked).fetchone()[0] for how in ("%s", CUT))
                match = lite.execute("SELECT count(*) FROM texts(?)", (f'"{query}"',)).fetchone()[0] == 1
                print(f"  {query!r}: PostgreSQL {plain}, SQLite {match}; cut before, PostgreSQL {cut}")
                assert (plain, match, cut) == (found, True, True)
finally:
    server.cleanup()
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder" 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
