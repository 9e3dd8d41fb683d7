/** Takes the page over; a text of it may be another than the server's. */
import { hydrateRoot } from "react-dom/client";
import { Page } from "./page.jsx";

const query = new URL(import.meta.url).search.slice(1);
const text = new URLSearchParams(query).get("text") ?? "Rendered";
hydrateRoot(document, <Page path={location.pathname} query={query} text={text} />);
