/**
 * The loader: one script on the embedding page, with the widget's configuration in it.
 *
 * It puts one element beside `<body>`, whose shadow root holds the launcher and the panel. Nothing
 * else is fetched or stored until the panel is first opened.
 */
import type { Config } from "./config.ts";
import { start } from "./widget.ts";

start("__CHATWIDGET__" as unknown as Config);
