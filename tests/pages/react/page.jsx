/** A page that React renders whole, from `<html>` on, here and on its server. */
import { useEffect, useState } from "react";

const NAMES = { "/": "Shop", "/lamps": "Lamps", "/chairs": "Chairs" };

export function Page({ path, query, text }) {
  const [at, go] = useState(path);
  useEffect(() => {
    const back = () => go(location.pathname);
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const follow = (event, to) => {
    event.preventDefault();
    history.pushState({}, "", to);
    go(to);
  };
  const options = new URLSearchParams(query);
  const target = options.get("target") ?? undefined;
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <title>{NAMES[at]}</title>
        <script type="module" src={`/client.js?${query}`} />
      </head>
      <body>
        <h1>{NAMES[at]}</h1>
        <nav>
          {Object.entries(NAMES).map(([to, name]) => (
            <a key={to} href={to} onClick={(event) => follow(event, to)}>
              {name}{" "}
            </a>
          ))}
        </nav>
        <p>{text}</p>
        {target && at !== "/chairs" && <div id="help" key={at} style={{ height: 400 }} />}
        <script src={options.get("loader")} data-target={target} async />
      </body>
    </html>
  );
}
