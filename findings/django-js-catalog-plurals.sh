#!/usr/bin/env bash
# Django's JavaScript catalogue beside Django's own translations: "5 lamps" is nothing at all, in Spanish.
#
# Guess: `ngettext` in the browser (JavaScriptCatalog) says what `ngettext` in Python says. Of a language for which an
#        app's file has two plural forms and Django's own has three, each is asked by its own rule: Python's does so.
# Seen:  Django 5.2.19 (Python 3.11): Django's own Spanish has a third form for whole millions, as its French, Italian
#        and Portuguese have. The view merges all apps into one table, gives it the rule of one of them, here Django's, and
#        each entry as many forms as that has, with "" for what is missing: the rule's plural is the third
#        form, so `ngettext("%s lamp", "%s lamps", 5)` is the empty string. One lamp is right, and so are the texts
#        of the admin. Asked for the app alone (`packages=["shop"]`) it is right. So: an app's own files take over
#        Django's Plural-Forms, or the view names its packages, and no app of Django's among them.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check Django==5.2.19 polib==1.2.0
cat > "$folder/seen.py" <<'PYTHON'
import json, pathlib, subprocess, sys

import django, polib
from django.conf import settings

app = pathlib.Path(sys.argv[1]) / "shop"
texts = app / "locale/es/LC_MESSAGES"
texts.mkdir(parents=True)
(app / "__init__.py").touch()
file = polib.POFile()
file.metadata = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",  # what msginit writes for Spanish
}
forms = {0: "%s lámpara", 1: "%s lámparas"}
file.append(polib.POEntry(msgid="%s lamp", msgid_plural="%s lamps", msgstr_plural=forms))
for domain in ("django", "djangojs"):
    file.save_as_mofile(str(texts / f"{domain}.mo"))

settings.configure(
    SECRET_KEY="of a finding",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    LANGUAGE_CODE="es",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.admin", "shop"],
)
django.setup()

from django.test import Client
from django.urls import path
from django.utils.translation import ngettext
from django.views.i18n import JavaScriptCatalog

urlpatterns = [
    path("all/", JavaScriptCatalog.as_view()),
    path("shop/", JavaScriptCatalog.as_view(packages=["shop"])),
]
COUNTS = [1, 5, 1_000_000]
ASK = f"console.log(JSON.stringify({COUNTS}.map((n) => ngettext('%s lamp', '%s lamps', n))))"

def in_the_browser(address):
    script = Client().get(address).content.decode()
    return json.loads(subprocess.check_output(["node", "-e", f"{script}\n{ASK}"], text=True))

seen = {
    "Python": [ngettext("%s lamp", "%s lamps", count) for count in COUNTS],
    "JavaScript, the app alone": in_the_browser("/shop/"),
    "JavaScript, all apps": in_the_browser("/all/"),
}
for name, said in seen.items():
    print(f"Django {django.__version__}, {name}: {dict(zip(COUNTS, said))}")
right = ["%s lámpara", "%s lámparas", "%s lámparas"]
assert seen["Python"] == seen["JavaScript, the app alone"] == right
assert seen["JavaScript, all apps"] == ["%s lámpara", "", "%s lámparas"]
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
