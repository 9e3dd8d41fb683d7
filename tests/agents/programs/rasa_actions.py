"""Rasa's custom action: an echo that counts the conversation's messages; a part is a message."""

from __future__ import annotations

import time
from typing import Any

from echo import noted
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher


class Echo(Action):
    def name(self) -> str:
        return "action_echo"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> list[dict[str, Any]]:
        text = tracker.latest_message["text"]
        turn = sum(event["event"] == "user" for event in tracker.events)
        if text.endswith("FAIL"):
            raise RuntimeError("broke before the first word")
        dispatcher.utter_message(text=f"Echo {turn}: {text} é世😀 end")
        if text.endswith("BREAK"):
            raise RuntimeError("broke in the midst")
        if text.endswith("SLOW"):
            noted("begun")
            time.sleep(3)
            noted("ended")
        return []
