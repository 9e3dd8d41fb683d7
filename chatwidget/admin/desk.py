"""What staff add to a conversation on its page: done, notes, tags, judgements of replies."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.browsing import page_of
from chatwidget.admin.times import whole
from chatwidget.models import Conversation, Note, Verdict
from chatwidget.transcripts import desk

# Code points of a note, and of each text of a judgement.
LONGEST = 10_000
SUGGESTED = 12  # tags that its widget's other conversations have
_ANCHOR = re.compile(r"message-\d{1,9}")


class KeepsDesk(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may change conversations may do all of it; who may only look, reads what was added."""

    def has_desk_permission(self, request: HttpRequest) -> bool:
        may_change = request.user.has_perm("chatwidget.change_conversation")
        return bool(may_change and self.has_view_permission(request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.desk_view)
        own = path("<path:object_id>/desk/", view, name="chatwidget_conversation_desk")
        return [own, *super().get_urls()]

    def desk_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what the button that was pressed says, and go back to where it was."""
        if not self.has_desk_permission(request):
            raise PermissionDenied
        conversation: Conversation | None = self.get_object(request, unquote(object_id))
        if request.method != "POST" or conversation is None:
            raise Http404
        if too_long(request.POST):
            text = _("That is too long: at most %(most)d characters.") % {"most": LONGEST}
            self.message_user(request, text, messages.ERROR)
        elif done := change(request, conversation):
            self.log_change(request, conversation, str(done))
            self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(self._back(request, conversation))

    def _back(self, request: HttpRequest, conversation: Conversation) -> str:
        anchor = request.POST.get("at", "")
        page = page_of(request, conversation)
        return f"{page}#{anchor}" if _ANCHOR.fullmatch(anchor) else page


def change(request: HttpRequest, conversation: Conversation) -> Any:
    """What was done, in words; None: nothing."""
    given, user = request.POST, request.user
    if "done" in given:
        is_done = given["done"] == "1"
        desk.set_done([conversation.pk], is_done)
        return _("Done.") if is_done else _("Open again.")
    if "remove_note" in given:
        removed = desk.remove_note(conversation, user, given["remove_note"])
        return _("The note is removed.") if removed else None
    if "note" in given:
        return _("Noted.") if desk.add_note(conversation, user, given["note"]) else None
    if "tags" in given:
        typed = f"{given['tags']},{given.get('add_tag', '')}"
        changed = desk.set_tags(conversation, desk.split_tags(typed))
        return _("Tags saved.") if changed else None
    if "judge" in given:
        reply = desk.judgeable(conversation, given["judge"])
        verdict = given.get("verdict", "")
        if reply is None or verdict not in ("", *Verdict.values):
            raise Http404
        desk.judge(reply, user, verdict, given.get("reason", ""), given.get("expected", ""))
        return _("Judged.") if verdict else _("The judgement is taken back.")
    return None


def too_long(given: QueryDict) -> bool:
    return any(len(given.get(name, "")) > LONGEST for name in ("note", "reason", "expected"))


def added(conversation: Conversation, user: Any) -> dict[str, Any]:
    """What the page shows of all this."""
    notes = list(Note.objects.filter(conversation=conversation))
    tags = [tag.name for tag in conversation.tags.all()]
    known = desk.tags_in_use().filter(widget=conversation.widget_id).exclude(name__in=tags)
    return {
        "is_done": conversation.is_done,
        "notes": [(note, whole(note.created_at), note.author_id == user.pk) for note in notes],
        "tags": ", ".join(tags),
        "other_tags": list(known.values_list("name", flat=True)[:SUGGESTED]),
        "longest": LONGEST,
    }
