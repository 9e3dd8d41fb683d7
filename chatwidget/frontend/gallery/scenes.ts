/** What many states of the gallery have in common. */
import { readConfig } from "../frame/config.ts";
import { byId } from "../frame/dom.ts";
import type { Message } from "../frame/protocol.ts";
import { GREETING, QUESTION } from "./shop.ts";
import type { Scene, Stage } from "./stage.ts";

export const failure = (code: string, more: object = {}) => ({
  code,
  detail: "Not now.",
  retryable: true,
  ...more,
});

/** A greeting, a question and this reply to it. */
export function exchange(stage: Stage, text: string, more: Partial<Message> = {}): void {
  stage.ready([stage.reply(GREETING), stage.user(QUESTION), stage.reply(text, more)]);
}

/** Where nobody is there, the form for an address opens by itself. */
export const outOfHours = (then: (stage: Stage) => void = () => {}): Scene => ({
  config: { person: true },
  play(stage) {
    exchange(stage, "I do not know, sorry.");
    stage.app.askPerson();
    const text = "We are here from 9 to 5. Leave your address, and we will write to you.";
    stage.say({ type: "message", message: stage.message("event", text, { event: "away" }) });
    then(stage);
  },
});

export const fails = (code: string, more: object = {}): Scene => ({
  play: (stage) => exchange(stage, "", { status: "failed", error: failure(code, more) }),
});

export const refuses = (code: string, more: object = {}): Scene => ({
  play(stage) {
    exchange(stage, "Yes, we do.");
    stage.app.send("And to Peru?");
    stage.refuse(failure(code, more));
  },
});

export async function appears(selector: string): Promise<void> {
  while (!document.querySelector(selector)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** "Your data" is open; what is done there, and with what status it is answered. */
export const ownData = (
  act: (press: (name: string) => Promise<void>, dialog: HTMLDialogElement) => void | Promise<void>,
  status = 0,
): Scene => ({
  ownData: status,
  async play(stage) {
    exchange(stage, "Yes, we do.");
    const { strings } = readConfig(document).ownData!;
    byId("own-data").click();
    await appears("dialog");
    await act((name) => stage.press(strings[name]!), document.querySelector("dialog")!);
    if (status) await appears('dialog [role="status"]:not(:empty)');
  },
});
