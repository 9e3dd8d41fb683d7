#!/usr/bin/env bash
# Babel, Django and the browser's Intl: one number, in Spanish and Polish, with and without its point.
#
# Guess: Babel and Intl have their rules from the same CLDR, and Django's formats follow the same languages: what the server
#        writes into a page and what its script writes beside it look alike.
# Seen:  Babel 2.19.0, Django 5.2.19 with USE_THOUSAND_SEPARATOR (Python 3.11), Intl of Node 20 (CLDR 48): in English and German
#        they do. In Spanish 1234 is "1.234" by Babel, "1 234" by Django, "1234" by Intl; in Polish and Portugal's Portuguese
#        they are of two and three minds as well. CLDR has no separator before five digits there
#        (minimumGroupingDigits 2), which Babel does not look at, and Django's formats are no CLDR's. What makes Intl as Babel:
#        `useGrouping: "always"`. What makes a page of one mind: its script takes the server's own words.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check Babel==2.19.0 Django==5.2.19
cat > "$folder/seen.py" <<'PYTHON'
import json, subprocess

import django
from babel.numbers import format_decimal
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import override

settings.configure(USE_THOUSAND_SEPARATOR=True)
django.setup()
LANGUAGES, NUMBERS = ["en", "de", "es", "pl", "pt-PT"], [1234, 12345]
SCRIPT = f"""console.log(JSON.stringify({json.dumps(LANGUAGES)}.map((language) =>
  ["auto", "always"].map((useGrouping) =>
    {NUMBERS}.map((number) => new Intl.NumberFormat(language, {{ useGrouping }}).format(number))))))"""

def plain(texts):
    return [text.replace("\xa0", " ").replace("\u202f", " ") for text in texts]

intl = json.loads(subprocess.check_output(["node", "-e", SCRIPT], text=True))
for language, (auto, always) in zip(LANGUAGES, intl):
    babel = plain(format_decimal(number, locale=language.replace("-", "_")) for number in NUMBERS)
    with override(language.lower()):
        django = plain(number_format(number, use_l10n=True) for number in NUMBERS)
    auto, always = plain(auto), plain(always)
    print(f"{language}: Babel {babel}, Django {django}, Intl {auto}, always {always}")
    assert babel == always and babel[1] == auto[1]
    assert (babel[0] == auto[0]) == (language in ("en", "de"))
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
