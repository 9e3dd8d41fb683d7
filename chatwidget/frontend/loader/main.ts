/**
 * The loader: one script on the embedding page, with the widget's configuration in it.
 *
 * It puts one element beside `<body>`, whose shadow root holds the launcher and the panel. Nothing
 * else is fetched before somebody comes near the launcher, and nothing stored before it is opened.
 */
import { address, slug } from "./options.ts";
import { start } from "./widget.ts";

if (address) start();
// What else is in that file goes on.
else console.error(`chatwidget: ${slug}.js must be loaded from its own address`);
