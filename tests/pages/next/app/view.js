/** A title, a place for a chat, and a text that differs between server and browser where asked to. */
"use client";

export function View({ title, place = true }) {
  const there = typeof window !== "undefined";
  return (
    <main>
      <h1>{title}</h1>
      <p>{there ? "Translated" : "Rendered"}</p>
      {place && <div id="help" style={{ height: 400, width: 600 }} />}
    </main>
  );
}
