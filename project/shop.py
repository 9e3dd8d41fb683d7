"""The demo shop at `/`: a page such as a customer's, with the `demo` widget on it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

# What an embedding page may ask of itself and the widget still works: nothing but our own origin,
# no inline script or style, and Trusted Types.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)


@dataclass(frozen=True)
class Product:
    slug: str  # also the name of its drawing
    name: str
    price: str
    note: str
    tag: str = ""

    @property
    def picture(self) -> str:
        return f"shop/{self.slug}.svg"


PRODUCTS = [
    Product("mug", "Harbour mug", "€24", "Stoneware, 350 ml. Glazed by hand in sea green.", "New"),
    Product("kettle", "Slow kettle", "€89", "Gooseneck spout, 0.9 l. Pours as thin as you like."),
    Product("beans", "Night ferry", "€14", "Dark roast beans, 250 g. Cocoa, plum, a little smoke."),
    Product("lamp", "Porthole lamp", "€129", "Opal glass and brass. Dims down to candlelight."),
    Product("blanket", "Breakwater throw", "€96", "Lambswool, 130 × 180 cm. Woven on old looms."),
    Product("plant", "Quayside fern", "€32", "In a terracotta pot. Forgives a missed watering."),
]


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """The page itself, with the line that puts the widget on any other page."""
    context = {"products": PRODUCTS, "loader": request.build_absolute_uri("/chatwidget/demo.js")}
    response = render(request, "shop/shop.html", context)
    response["Content-Security-Policy"] = POLICY
    return response


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look on pages that name none, such as the admin's."""
    return redirect(static("shop/favicon.svg"))
