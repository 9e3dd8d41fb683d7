#!/usr/bin/env bash
# Django: a view that is decorated with `etag` says "Content-Length: 0" of what has not changed.
#
# Guess: a 304 has no Content-Length, or that of the page: RFC 9110, 8.6 allows no other value, since
#        a cache may take it for the size of what it has stored.
# Seen:  Django 5.2.19: with ConditionalGetMiddleware there is none, as guessed. With @etag (or @condition,
#        @last_modified) the 304 is made inside of CommonMiddleware, which adds the length of its empty
#        body: "Content-Length: 0" beside the ETag of a page of 300 bytes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check Django==5.2.19
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of a finding",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
)
django.setup()

from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.http import etag

PAGE = b"x" * 300
urlpatterns = [
    path("middleware/", lambda request: HttpResponse(PAGE)),
    path("decorator/", etag(lambda request: '"version-1"')(lambda request: HttpResponse(PAGE))),
]

seen = {}
for name in ("middleware", "decorator"):
    page = Client().get(f"/{name}/")
    again = Client().get(f"/{name}/", headers={"If-None-Match": page["ETag"]})
    seen[name] = (page["Content-Length"], again.status_code, again.get("Content-Length"))
    print(f"Django {django.__version__}, {name}: 200 with {seen[name][0]}, {seen[name][1]} with {seen[name][2]}")
assert seen == {"middleware": ("300", 304, None), "decorator": ("300", 304, "0")}, seen
PYTHON
