/** The frame beside a widget's form: the visitor's own, with a short talk that nobody has had. */

import { readConfig } from "../frame/config.ts";
import { byId } from "../frame/dom.ts";
import { loadMarkdown } from "../frame/view/reply-text.ts";
import { Stage } from "../gallery/stage.ts";

interface Texts {
  greeting: string;
  question: string;
  answer: string;
}

async function play(): Promise<void> {
  const texts: Texts = JSON.parse(byId("chatwidget-config").textContent).preview;
  const config = readConfig(document);
  await loadMarkdown(config);
  const stage = new Stage({});
  const messages = [stage.reply(texts.greeting)];
  // Suggestions are there until the first message.
  if (!config.suggestions.length)
    messages.push(stage.user(texts.question), stage.reply(texts.answer));
  stage.ready(messages);
}

void play();
