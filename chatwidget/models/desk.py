"""What staff add to conversations, and which widgets they are limited to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from chatwidget.models.conversation import Conversation, Message
from chatwidget.models.widget import Widget


class WidgetAccess(models.Model):
    """The widgets that a member of staff is limited to. Who has none of these sees all widgets.

    A row without widgets lets nothing be seen: as when the last of them is deleted.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    widgets = models.ManyToManyField(
        Widget, blank=True, related_name="+", verbose_name=_("widgets")
    )

    class Meta:
        verbose_name = _("access to widgets")
        verbose_name_plural = _("access to widgets")

    def __str__(self) -> str:
        return str(self.user)


class Authored(models.Model):
    """Something that a member of staff wrote. Their name stays when their account is deleted."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        default_permissions = ()


class Note(Authored):
    """A remark about a conversation, which no visitor sees."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    text = models.TextField(_("note"), max_length=10_000)

    class Meta(Authored.Meta):
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:50]


class Tag(models.Model):
    """A word that staff sort a widget's conversations by."""

    widget = models.ForeignKey(Widget, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)
    conversations = models.ManyToManyField(Conversation, related_name="tags")

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["widget", "name"], name="cw_tag_name")]

    def __str__(self) -> str:
        return self.name


class Verdict(models.TextChoices):
    RIGHT = "right", _("Right")
    WRONG = "wrong", _("Wrong")


class Judgement(Authored):
    """What staff think of one reply: for who trains or tests the agent."""

    message = models.OneToOneField(Message, models.CASCADE, related_name="judgement")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.TextField(blank=True, max_length=10_000)
    expected = models.TextField(blank=True, max_length=50_000)  # what it should have said

    def __str__(self) -> str:
        return self.verdict


class SavedView(models.Model):
    """A search with its filters, kept under a name by one member of staff."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=4000)  # of the list's address

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="cw_view_name")]

    def __str__(self) -> str:
        return self.name
