"""The widgets that an owner sets up, and what each has used up."""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from chatwidget import encryption
from chatwidget.appearance import Appearance, read_appearance
from chatwidget.conf import Budgets, Desk, ProviderConfig, Secret
from chatwidget.errors import PlatformMisconfigured


class Widget(models.Model):
    """One chat on one or more websites, and the platform's agent that answers there."""

    slug = models.CharField(
        _("slug"),
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z",
                _("Use small letters, digits and single hyphens, e.g. “my-shop”."),
            )
        ],
        help_text=_("Its name in the script tag: /chatwidget/SLUG.js"),
    )
    title = models.CharField(_("title"), max_length=200)
    active = models.BooleanField(_("active"), default=True)
    provider = models.CharField(_("platform"), max_length=64, default="demo")
    agent = models.CharField(_("agent"), max_length=200, blank=True)
    base_url = models.CharField(_("base URL"), max_length=500, blank=True)
    encrypted_key = models.TextField(blank=True, editable=False)
    encrypted_identity_secret = models.TextField(blank=True, editable=False)
    require_identity = models.BooleanField(_("identity required"), default=False)
    fallback = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("fallback"),
        help_text=_("The widget whose platform answers while this one's is unavailable."),
    )
    options = models.JSONField(_("platform options"), default=dict, blank=True)
    greeting = models.TextField(_("greeting"), blank=True, max_length=4000)
    allowed_origins = models.JSONField(_("allowed origins"), default=list, blank=True)
    image_hosts = models.JSONField(_("image hosts"), default=list, blank=True)
    appearance = models.JSONField(_("look"), default=dict, blank=True, db_column="look")
    budgets = models.JSONField(_("budgets"), default=dict, blank=True)
    # By these an answer is told that is none: "I do not know".
    no_answer = models.JSONField(_("phrases of no answer"), default=list, blank=True)
    desk = models.JSONField(_("people who answer"), default=dict, blank=True)
    keep_days = models.PositiveIntegerField(
        _("days that conversations are kept"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(36_500)],
        help_text=_("Since their last message; then the server erases them. 0: for ever."),
    )
    config_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Every save is a new configuration: loaders and greetings are cached by its version."""
        if not self._state.adding:
            self.config_version += 1
        super().save(*args, **kwargs)

    @property
    def key(self) -> Secret:
        """The platform's key. Raises PlatformMisconfigured when it cannot be decrypted."""
        return encryption.decrypt(self.encrypted_key)

    @key.setter
    def key(self, value: Secret | str) -> None:
        secret = value if isinstance(value, Secret) else Secret(value)
        self.encrypted_key = encryption.encrypt(secret)

    @property
    def identity_secret(self) -> Secret:
        """What the embedding site proves by whom it vouches for; empty where it does not."""
        return encryption.decrypt(self.encrypted_identity_secret)

    @identity_secret.setter
    def identity_secret(self, value: Secret) -> None:
        self.encrypted_identity_secret = encryption.encrypt(value)

    @property
    def known_key(self) -> Secret:
        """The same, to be kept out of texts; empty where it cannot be decrypted."""
        try:
            return self.key
        except PlatformMisconfigured:
            return Secret()

    @property
    def provider_config(self) -> ProviderConfig:
        """What its adapter is made from. Raises PlatformMisconfigured: the key cannot be read."""
        return ProviderConfig(
            provider=self.provider,
            base_url=self.base_url,
            agent=self.agent,
            key=self.key,
            options=self.options,
        )

    @property
    def typed_budgets(self) -> Budgets:
        return msgspec.convert(self.budgets, Budgets)

    @property
    def typed_desk(self) -> Desk:
        return msgspec.convert(self.desk, Desk)

    @property
    def typed_appearance(self) -> Appearance:
        return read_appearance(self.appearance)


class Usage(models.Model):
    """What a widget has used up of its budgets on one day, by UTC."""

    widget = models.ForeignKey(Widget, models.CASCADE, related_name="usage")
    day = models.DateField(_("day"))
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    characters = models.PositiveBigIntegerField(_("characters"), default=0)
    seconds = models.PositiveBigIntegerField(_("seconds"), default=0)
    greetings = models.PositiveBigIntegerField(_("greetings"), default=0)
    # Conversations that were kept for as long as the widget says.
    erased = models.PositiveBigIntegerField(_("erased"), default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["widget", "day"], name="cw_usage_day")]
        verbose_name = _("usage")
        verbose_name_plural = _("usage")

    def __str__(self) -> str:
        return f"{self.widget.slug} {self.day}"
