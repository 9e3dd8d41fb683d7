/** Prints the page as the server sends it. */
import { renderToString } from "react-dom/server";
import { Page } from "./page.jsx";

const [query] = process.argv.slice(2);
console.log(`<!doctype html>${renderToString(<Page path="/" query={query} text="Rendered" />)}`);
