/**
 * The loader: one script on the embedding page, with the widget's configuration in it.
 *
 * It puts one element beside `<body>`, whose shadow root holds the launcher. Nothing else is fetched
 * or stored until the chat is first opened; then panel.js and the frame are, at once.
 */
import type { Config } from "./config.ts";
import { start } from "./launcher.ts";

start("__CHATWIDGET__" as unknown as Config);
