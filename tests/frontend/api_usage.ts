/** Compiled, never run: what the declarations of the JavaScript API allow, and what not. */
/// <reference path="../../chatwidget/frontend/types/chatwidget.d.ts" />

window.ChatWidget = window.ChatWidget || [];
ChatWidget.push(["open"], ["send", "hello"], ["identify", { name: "Ada" }]);
ChatWidget.identify(null);
ChatWidget.push(["on", "unread", (count: number) => count.toFixed()]);
const off: () => void = ChatWidget.on("message", ({ role, text }) => role + text);
off();
ChatWidget.get("second")?.toggle();
// @ts-expect-error: there is no such event
ChatWidget.on("opened", () => {});
// @ts-expect-error: it takes a text
ChatWidget.send(1);
