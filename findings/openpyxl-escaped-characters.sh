#!/usr/bin/env bash
# openpyxl beside XlsxWriter and calamine: a text of `_x00E9_` or of two lines, by one library and back by another.
#
# Guess: what a cell is given comes back by whatever reads the file. OOXML writes a character that XML cannot hold as
#        `_xHHHH_`, and so what only looks like that as `_x005F_xHHHH_`: the writer escapes, the reader takes it back.
# Seen:  openpyxl 3.1.5 does half of each. It writes "snake_x00E9_case" as it stands, so python-calamine 0.9.1 (and what else
#        keeps to the format) reads "snakeécase". It takes XlsxWriter's `_x005F_` back, but `_x000D_` not: "one\r\ntwo",
#        as XlsxWriter 3.3.1 writes it, is "one_x000D_\ntwo" for openpyxl. And of "one\r\ntwo" written by openpyxl itself
#        the CR is lost. XlsxWriter and calamine agree about all of them. So: texts with "\n" alone, and
#        openpyxl at neither end where texts come from people.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    openpyxl==3.1.5 XlsxWriter==3.3.1 python-calamine==0.9.1
cat > "$folder/seen.py" <<'PYTHON'
import io

import openpyxl, python_calamine, xlsxwriter

LOOKS, LINES = "snake_x00E9_case", "one\r\ntwo"

def by_openpyxl(text):
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append([text])
    book.save(file)
    return io.BytesIO(file.getvalue())

def by_xlsxwriter(text):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet().write_string(0, 0, text)
    return io.BytesIO(file.getvalue())

def in_openpyxl(file):
    return openpyxl.load_workbook(file).active["A1"].value

def in_calamine(file):
    return python_calamine.CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()[0][0]

seen = {}
for write in (by_openpyxl, by_xlsxwriter):
    for read in (in_openpyxl, in_calamine):
        got = [read(write(text)) for text in (LOOKS, LINES)]
        seen[write.__name__[3:], read.__name__[3:]] = got
        print(f"{write.__name__} {read.__name__}: {got}")
assert seen == {
    ("openpyxl", "openpyxl"): [LOOKS, "one\ntwo"],
    ("openpyxl", "calamine"): ["snakeécase", "one\ntwo"],
    ("xlsxwriter", "openpyxl"): [LOOKS, "one_x000D_\ntwo"],
    ("xlsxwriter", "calamine"): [LOOKS, LINES],
}
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
