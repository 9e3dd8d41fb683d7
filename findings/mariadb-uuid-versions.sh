#!/usr/bin/env bash
# MariaDB's type UUID, which Django's UUIDField is there: of version 8 it refuses a sixty-fourth of what RFC 9562 allows.
#
# Guess: it takes any 32 hexadecimal digits, as PostgreSQL's type does, or it looks at the variant and refuses all but the
#        bits 10; one rule for all versions.
# Seen:  MariaDB 10.11.19 (Debian 12's mariadb-server-core): versions 0 to 7 are taken whatever follows. From version 8 on the ninth
#        byte must be 0x00 or 0x81 to 0xff: 0x80, whose variant is RFC 9562's own, is refused ("Incorrect uuid value", or NULL by
#        CAST), while 0xff, which is no variant of it, is taken. Who makes ids of version 8 (a digest's bytes, say) and sets
#        both fields as the RFC says cannot store one in 64. PostgreSQL 16.2 (pgserver 0.1.4) takes all of them. What works:
#        another version, 5 for a digest's bytes; or never 0x80 there, as `uuid8` in `chatwidget/text.py` has it.
# Needs: Debian's apt-get (to download, not to install).
set -euo pipefail
folder=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get -qq download mariadb-{server,client}-core=1:10.11.19-0+deb12u1 libmariadb3 liburing2 libnuma1 libpmem1 libdaxctl1 \
    libndctl6 libkmod2 libsnappy1v5 2>apt.log || { cat apt.log >&2; exit 1; })
for package in "$folder"/*.deb; do dpkg -x "$package" "$folder/root"; done
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pgserver==0.1.4 "psycopg[binary]==3.3.9"
libraries="$folder/root/usr/lib/$(uname -m)-linux-gnu"
mkdir "$folder/data"
LD_LIBRARY_PATH=$libraries "$folder/root/usr/sbin/mariadbd" --no-defaults --user="$(id -un)" --basedir="$folder/root/usr" --datadir="$folder/data" \
    --socket="$folder/socket" --skip-networking --skip-grant-tables >"$folder/log" 2>&1 &
server=$!
asked() { LD_LIBRARY_PATH=$libraries "$folder/root/usr/bin/mariadb" --no-defaults --socket="$folder/socket" --skip-column-names --batch; }
for _ in $(seq 150); do asked <<<'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
grep -q 'ready for connections' "$folder/log" || { cat "$folder/log" >&2; exit 1; }
asked <<<'SELECT version()'
cat > "$folder/ask.py" <<'PYTHON'
print("SET sql_mode = '';")
for version in range(16):
    for ninth in range(256):
        print(f"SELECT {version}, {ninth}, CAST('01234567-89ab-{version:x}cde-{ninth:02x}23-456789abcdef' AS UUID);")
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import pathlib, sys
import pgserver, psycopg

refused = {version: set() for version in range(16)}
asked = 0
for line in sys.stdin:
    version, ninth, value = line.split()
    asked += 1
    if value == "NULL":
        refused[int(version)].add(int(ninth))
for version, ninths in refused.items():
    shown = f"0x{min(ninths):02x} to 0x{max(ninths):02x}" if ninths else "none"
    print(f"MariaDB, version {version}: ninth bytes that are refused: {shown}")
assert asked == 16 * 256
assert refused == {version: set(range(1, 0x81)) if version > 7 else set() for version in range(16)}
server = pgserver.get_server(pathlib.Path(sys.argv[1]) / "postgres", cleanup_mode="delete")
try:
    with psycopg.connect(server.get_uri()) as db:
        told = db.execute("SELECT '01234567-89ab-8cde-8023-456789abcdef'::uuid").fetchone()
    print("PostgreSQL takes", told[0])
finally:
    server.cleanup()
PYTHON
said=$(python3 "$folder/ask.py" | asked)
"$folder/venv/bin/python" "$folder/seen.py" "$folder" <<<"$said" 2> "$folder/errors" || { cat "$folder/errors" >&2; exit 1; }
