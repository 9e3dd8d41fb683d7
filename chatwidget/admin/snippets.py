"""The ways to put a widget on a page, each with the lines to copy."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chatwidget.appearance import Words
from chatwidget.models import Widget


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines, and where they go. `kind` is a site builder's or a framework's name."""

    title: Words
    text: Words
    code: str
    kind: str = ""


def frame_url(widget: Widget) -> str:
    return reverse("chatwidget:frame", args=[widget.slug])


def snippets(request: HttpRequest, widget: Widget) -> list[Snippet]:
    loader = request.build_absolute_uri(reverse("chatwidget:loader", args=[widget.slug]))
    line = f'<script src="{loader}" async></script>'
    return [
        Snippet(
            _("On any page"),
            _("A button in the corner. Paste the line anywhere in the page's HTML."),
            line,
        ),
        Snippet(
            _("Inside the page"),
            _("The chat fills an element of your own, which gives it its size."),
            f'<div id="help" style="height: 36rem"></div>\n'
            f'<script src="{loader}" data-target="#help" defer></script>',
        ),
        Snippet(
            _("In a Django template"),
            _("On a site that has this app installed."),
            f'{{% load chatwidget %}}\n{{% chatwidget "{widget.slug}" %}}',
        ),
        Snippet(
            _("As a link"),
            _("The chat as a page of its own: for e-mails, and for QR codes."),
            request.build_absolute_uri(frame_url(widget)),
        ),
        Snippet(
            "WordPress",
            _("In the functions.php of your theme's child, or of a plugin for snippets."),
            "add_action( 'wp_enqueue_scripts', function () {\n"
            f"    wp_enqueue_script( 'chatwidget', '{loader}', array(), null,\n"
            "        array( 'strategy' => 'async' ) );\n"
            "} );",
            "wordpress",
        ),
        Snippet(
            "Shopify",
            _("Online Store → Themes → Edit code → theme.liquid, before </body>."),
            line,
            "shopify",
        ),
        Snippet(
            "Webflow",
            _("Site settings → Custom code → Footer code; then publish."),
            line,
            "webflow",
        ),
        Snippet(
            "Google Tag Manager",
            _("A tag of the type Custom HTML, with the trigger All Pages."),
            "<script>\n"
            '  var chat = document.createElement("script");\n'
            f'  chat.src = "{loader}";\n'
            "  chat.async = true;\n"
            "  document.head.appendChild(chat);\n"
            "</script>",
            "gtm",
        ),
        Snippet(
            "React",
            _("A component, to be rendered once on the page."),
            'import { useEffect } from "react";\n\n'
            "export function Chat() {\n"
            "  useEffect(() => {\n"
            '    const script = document.createElement("script");\n'
            f'    script.src = "{loader}";\n'
            "    script.async = true;\n"
            "    document.body.append(script);\n"
            "    return () => {\n"
            '      Reflect.get(window, "ChatWidget")?.destroy?.();\n'
            "      script.remove();\n"
            "    };\n"
            "  }, []);\n"
            "  return null;\n"
            "}",
            "react",
        ),
        Snippet(
            "Next.js",
            _("In app/layout, within <body>."),
            f'import Script from "next/script";\n\n<Script src="{loader}" />',
            "next",
        ),
    ]
