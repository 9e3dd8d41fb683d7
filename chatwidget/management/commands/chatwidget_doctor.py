"""Is the site well, and what is to be done where it is not?"""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentParser
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chatwidget.doctor import inside, outside
from chatwidget.doctor.finding import Finding, Kind
from chatwidget.management.base import PlainCommand, named_widget
from chatwidget.models import Widget


@dataclass
class Report:
    """Lines as they are found, and what was found."""

    command: BaseCommand
    quiet: bool
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if not self.quiet:
            style = self.command.style
            paint = {Kind.WELL: style.SUCCESS, Kind.NOTE: style.WARNING, Kind.FAULT: style.ERROR}
            self.command.stdout.write(paint[finding.kind](str(finding)))


class Command(PlainCommand):
    help = (
        "Says in one line each what is well, what is not, and what to do: with these settings and, "
        "given its URL, asking the running site as a browser would. Exit status 1 on any fault."
    )
    requires_system_checks = ()  # they are among what it reports

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", nargs="?", help="e.g. https://chat.example.com")
        parser.add_argument("--widget", metavar="SLUG", help="default: each active one")
        parser.add_argument(
            "--no-platforms", action="store_true", help="ask no platform, where a message costs"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a finding")

    def handle(self, *args: Any, **options: Any) -> None:
        widgets = _widgets(options["widget"], options["url"])
        report = Report(self, options["json"])
        for finding in inside.examine():
            report.add(finding)
        asyncio.run(self.ask(report, widgets, options))
        if options["json"]:
            for each in report.findings:
                line = {"kind": each.kind.name.lower(), "text": each.text, "advice": each.advice}
                self.stdout.write(json.dumps(line, ensure_ascii=False))
        faults = sum(each.kind is Kind.FAULT for each in report.findings)
        if faults:
            are = "thing is not as it" if faults == 1 else "things are not as they"
            raise CommandError(f"{faults} {are} should be.")

    async def ask(self, report: Report, widgets: list[Widget], options: dict[str, Any]) -> None:
        """What is asked over the network."""
        report.add(await inside.examine_layer())
        report.add(await inside.examine_challenge())
        if not options["no_platforms"]:
            for widget in widgets:
                for finding in await inside.examine_platform(widget):
                    report.add(finding)
        slug = options["widget"] or (widgets[0].slug if widgets else "demo")
        if options["url"]:
            async for finding in outside.examine(options["url"], slug):
                report.add(finding)
        elif not options["json"]:
            self.stdout.write("  Give the site's URL as well, and it is asked as a browser would.")


def _widgets(slug: str | None, url: str | None) -> list[Widget]:
    """Those to ask about; none where the database is away, which is said later. Raises CommandError
    for one that is not there, unless it may be the other site's."""
    try:
        if slug and not url:
            return [named_widget(slug)]
        if slug:
            return list(Widget.objects.filter(slug=slug))
        return list(Widget.objects.filter(active=True).order_by("slug"))
    except DatabaseError:
        return []
