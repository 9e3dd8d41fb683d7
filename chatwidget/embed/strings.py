"""Every text that a visitor's page shows by itself, in English; Django's catalogues translate it.

PAGE is what the frame's template needs alone. SCRIPT goes into the page's configuration, for the
script (frontend/frame/strings.ts has the same keys). The loader's are in its own configuration.
{braces} are filled in where the text is shown.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The launcher's two names, and the one for both (loader.py).
OPEN_CHAT = _("Open chat")
CLOSE_CHAT = _("Close chat")
CHAT = _("Chat")

PAGE: dict[str, Promise] = {
    "conversation": _("Conversation"),
    "new_conversation": _("New conversation"),
    "close": _("Close"),
    "message": _("Message"),
    "placeholder": _("Write a message…"),
    "send": _("Send"),
    "stop": _("Stop"),
    "ask_title": _("Before we begin"),
    "ask_start": _("Start chat"),
    "reconnect": _("Try again"),
}

SCRIPT: dict[str, Promise] = {
    # Messages
    "you": _("You"),
    "typing": _("{agent} is typing"),
    "sending": _("Sending…"),
    "queued": _("Waiting to be sent"),
    "new_messages": _("New messages"),
    "to_latest": _("Scroll to the latest message"),
    "suggestions": _("Suggestions"),
    "products": _("Products"),
    "thinking": _("Thinking…"),
    "previous": _("Back to the previous conversation"),
    # What can be done with a reply
    "retry": _("Retry"),
    "answer_again": _("Answer again"),
    "copy": _("Copy"),
    "copy_code": _("Copy code"),
    "copied": _("Copied"),
    "good": _("Good reply"),
    "bad": _("Bad reply"),
    "comment": _("Tell us more (optional)"),
    "comment_send": _("Send feedback"),
    "thanks": _("Thank you for your feedback."),
    "cancel": _("Cancel"),
    # A person in the place of the agent
    "ask_person": _("Ask for a person"),
    "leave_address": _("Leave your address"),
    "address_left": _("Thank you. The answer will go to {email}."),
    # Before the first message
    "name": _("Name"),
    "email": _("Email"),
    "optional": _("optional"),
    # The connection
    "connecting": _("Connecting…"),
    "reconnecting": _("Connection lost. Reconnecting…"),
    "offline": _("You are offline. Your messages will be sent once you are back."),
    "back": _("You are connected again."),
    "closed": _("The connection was closed."),
    "gone": _("This chat is not available."),
    "sandboxed": _("This chat cannot work on this page."),
    # What went wrong, and what to do
    "left": _("Characters left: {count}"),
    "message_too_long": _("This message is too long. Please shorten it."),
    "pictures": _("Pictures cannot be sent here. Please describe them in words."),
    "not_sent": _("Something went wrong. Please try again."),
    "rate_limited": _("You are writing very quickly. Please continue {when}."),
    "checking": _("Many messages come from your network. One moment, this is being checked…"),
    "check_person": _(
        "Many messages come from your network. Please confirm that you are a person."
    ),
    "checked": _("Thank you. You can go on."),
    "too_many_pending": _("Please wait for the answers to your earlier messages."),
    "budget_exhausted": _("No more messages can be answered right now. Please try again {when}."),
    "misconfigured": _("This chat is not set up correctly. Please tell the owner of this site."),
    "provider_rejected": _("No answer could be given to this. Try putting it differently."),
    "provider_rate_limited": _("Many people are asking right now. Please try again {when}."),
    "provider_unavailable": _("The assistant cannot be reached. Please try again in a moment."),
    "provider_timeout": _("The answer took too long. Please try again."),
    "interrupted": _("The answer was cut off. You can try again."),
    "stopped": _("You stopped this answer."),
}

# What visitors may do with their own data, where the owner lets them: sent to those frames alone.
OWN_DATA: dict[str, Promise] = {
    "own_data": _("Your data"),
    "own_about": _("Your conversations, as they are kept here."),
    "own_download": _("Download as a file"),
    "own_copy": _("Send me a copy by e-mail"),
    "own_consent": _("The address is mine, and I want all my conversations to be sent there."),
    "own_sent": _("The copy is on its way."),
    "own_delete": _("Delete my conversations"),
    "own_sure": _("All that you wrote here, and every answer, is deleted for good."),
    "own_delete_now": _("Delete for good"),
    "own_nothing": _("Nothing is kept of you here."),
    "own_often": _("You have asked for this often. Please try again {when}."),
}
OWN_DATA |= {name: (PAGE | SCRIPT)[name] for name in ("close", "send", "email", "cancel")}

STRINGS = PAGE | SCRIPT | OWN_DATA
