"""The live list, and the settings of how people answer: who sees what, and what is kept."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chatwidget import transcripts
from chatwidget.models import Conversation, Handover, Message, Visitor, Widget, WidgetAccess
from chatwidget.transcripts import Staff
from chatwidget.transcripts.access import visible_to
from chatwidget.transcripts.going_on import going_on
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db
LIVE = "/admin/chatwidget/handover/"
ANA = Staff("1", "Ana")


@pytest.fixture
def staff(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ana", is_staff=True)


def test_the_link_is_on_every_page_of_who_may_read(client: Client, staff: Any) -> None:
    client.force_login(staff)
    assert client.get(LIVE).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    page = client.get("/admin/").content.decode()
    assert f'<a href="{LIVE}"' in page
    assert ">Live</a>" in page
    live = client.get(LIVE)
    assert live.context["live"]["socket"] == "/chatwidget/_staff/ws/"
    assert "ID" in live.context["live"]["conversation"]


def test_who_may_only_read_is_not_offered_to_answer(client: Client, staff: Any) -> None:
    conversation = a_conversation(a_widget(), "hi")
    client.force_login(staff)
    page = reverse("admin:chatwidget_conversation_change", args=[conversation.pk])
    for name, may in (("view_conversation", False), ("change_conversation", True)):
        staff.user_permissions.add(Permission.objects.get(codename=name))
        assert client.get(page).context["answering"]["mayAnswer"] is may


def test_a_persons_words_and_events_are_drawn(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), "hi", "Hello.")
    transcripts.take_over(conversation.pk, ANA)
    transcripts.store_answer(conversation.pk, ANA, conversation.pk, "I am a **person**.")
    page = reverse("admin:chatwidget_conversation_change", args=[conversation.pk])
    text = admin_client.get(page).content.decode()
    assert 'class="cw-line cw-event"' in text
    assert "Ana joined" in text
    assert 'class="cw-line cw-person"' in text
    assert '<p class="cw-author">Ana</p>' in text


def recent(widget: Widget, *texts: str, **fields: Any) -> Conversation:
    return a_conversation(widget, *texts, at=timezone.now() - timedelta(minutes=5), **fields)


def test_what_goes_on(staff: Any) -> None:
    shop, other = a_widget("shop"), a_widget("other")
    old = a_conversation(shop, "long ago", "yes")
    now = recent(shop, "one", "answer", "two")
    waiting = a_conversation(other, "a person, please", "no")
    held = a_conversation(shop, "earlier", "yes")
    transcripts.take_over(held.pk, ANA)
    Handover.objects.create(pk=waiting.pk, asked_at=timezone.now())
    rows = {row.id: row for row in going_on(Q(), [])}
    assert next(iter(rows)) == waiting.pk  # first of all
    assert rows.keys() == {waiting.pk, now.pk, held.pk}
    assert (rows[now.pk].unread, rows[now.pk].last_words) == (2, "two")
    assert (rows[held.pk].staff_name, rows[held.pk].staff) == ("Ana", "1")
    transcripts.record_glance(now.pk, 2)
    assert {row.id: row.unread for row in going_on(Q(), [])}[now.pk] == 1
    # Who has the chat open is listed for longer, and nobody for ever.
    assert old.pk not in {row.id for row in going_on(Q(), [old.visitor_id])}
    hours_ago = timezone.now() - timedelta(hours=3)
    Conversation.objects.filter(pk=old.pk).update(last_message_at=hours_ago)
    assert old.pk in {row.id for row in going_on(Q(), [old.visitor_id])}
    # And of each what they may see.
    WidgetAccess.objects.create(user=staff).widgets.add(other)
    assert [row.id for row in going_on(visible_to(staff), [])] == [waiting.pk]


def test_the_list_is_bounded() -> None:
    widget = a_widget()
    visitor = Visitor.objects.create(widget=widget)
    for _ in range(120):
        Conversation.objects.create(widget=widget, visitor=visitor, last_message_at=timezone.now())
    assert len(going_on(Q(), [])) == 100
    assert Message.objects.count() == 0


def form_of(client: Client, widget: Widget) -> dict[str, Any]:
    """What a browser would post."""
    page = client.get(reverse("admin:chatwidget_widget_change", args=[widget.pk]))
    form = page.context["adminform"].form
    given = {name: form[name].value() for name in form.fields}
    as_text = {
        name: form.fields[name].prepare_value(value) if value is not None else ""
        for name, value in given.items()
    }
    return {name: value for name, value in as_text.items() if value not in (False, None)}


def test_the_form_keeps_how_people_answer(admin_client: Client) -> None:
    widget = a_widget(provider="demo")
    path = reverse("admin:chatwidget_widget_change", args=[widget.pk])
    given = form_of(admin_client, widget)
    assert given["desk_resume_minutes"] == 10
    asked = {
        "desk_offer_person": "on",
        "desk_own_data": "on",
        "desk_hours": "Mon-Fri 09:00-17:30\nSat 10:00-14:00",
        "desk_zone": "America/Santiago",
        "desk_away": "We are asleep.",
        "desk_canned": "One moment.\nThank you!",
        "desk_resume_minutes": "5",
    }
    assert admin_client.post(path, {**given, **asked}).status_code == 302
    widget.refresh_from_db()
    assert widget.desk == {
        "offer_person": True,
        "own_data": True,
        "hours": ["Mon-Fri 09:00-17:30", "Sat 10:00-14:00"],
        "zone": "America/Santiago",
        "away": "We are asleep.",
        "canned": ["One moment.", "Thank you!"],
        "resume_minutes": 5,
    }
    for wrong in ({"desk_hours": "whenever"}, {"desk_zone": "Mars"}, {"desk_resume_minutes": "0"}):
        page = admin_client.post(path, {**given, **asked, **wrong})
        assert page.status_code == 200, wrong
        assert page.context["adminform"].form.errors, wrong


def test_the_command_sets_how_people_answer() -> None:
    def configure(*options: str) -> None:
        call_command("configure_widget", "shop", *options, stdout=StringIO())

    hours = ("--office-hours", "Mon-Fri 09:00-17:30", "--time-zone", "America/Santiago")
    asked = ("--offer-person", "--own-data")
    configure("--provider", "demo", *asked, *hours, "--resume-minutes", "5")
    kept = Widget.objects.get().desk
    assert kept["offer_person"] and kept["own_data"] and kept["hours"] == ["Mon-Fri 09:00-17:30"]
    configure("--away-text", "We are asleep.", "--office-hours", "")
    desk = Widget.objects.get().typed_desk
    assert (desk.away, desk.hours, desk.offer_person) == ("We are asleep.", [], True)
    assert (desk.zone, desk.resume_minutes) == ("America/Santiago", 5)
    for wrong in (("--office-hours", "?"), ("--time-zone", "Mars"), ("--resume-minutes", "0")):
        with pytest.raises(CommandError):
            configure(*wrong)
