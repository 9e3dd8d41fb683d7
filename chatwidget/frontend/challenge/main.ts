/**
 * Solves challenges. A module of its own, loaded when the server first asks for one (see `#solve` in
 * ../frame/app.ts).
 *
 * The proof of work is made of digests that browsers make in threads of their own, one at a time:
 * the page stays as quick as it was. Where the page has no `crypto.subtle`, as without TLS, it fails.
 */

import { type Challenge as Altcha, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import type { Challenge } from "../frame/protocol.ts";

/** What of Turnstile's script and of hCaptcha's is used. */
interface Service {
  render(place: HTMLElement, options: object): unknown;
}

/** Their scripts, which say so by calling the function that is named at the end. */
const SCRIPTS: Record<string, string> = {
  turnstile: "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit&onload=",
  hcaptcha: "https://js.hcaptcha.com/1/api.js?render=explicit&recaptchacompat=off&onload=",
};
const LOADED = "chatwidgetChallenge";

/** Of `window`, where their scripts put what they have, and look for ours. */
const globals = window as unknown as Record<string, unknown>;
const loading: Record<string, Promise<void>> = {};

/** What the server takes for a solution. It rejects where there is none. */
export async function solve(challenge: Challenge): Promise<string> {
  if (challenge.kind !== "altcha") return askVisitor(challenge);
  const { parameters, signature } = challenge as unknown as Required<Altcha>;
  const asked = { parameters, signature };
  const solution = await solveChallenge({ challenge: asked, deriveKey });
  if (!solution) throw new Error("it took too long");
  return btoa(JSON.stringify({ challenge: asked, solution }));
}

/** Shows somebody else's challenge between the log and where the visitor writes. */
async function askVisitor({ kind, site_key }: Challenge): Promise<string> {
  await load(kind);
  const place = document.createElement("div");
  place.style.margin = "0 auto 8px";
  document.getElementById("notice")!.after(place);
  const { theme } = document.documentElement.dataset;
  const dark =
    theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  try {
    return await new Promise((resolve, reject) => {
      (globals[kind] as Service).render(place, {
        sitekey: site_key,
        theme: dark ? "dark" : "light",
        callback: resolve,
        "error-callback": reject,
      });
    });
  } finally {
    place.remove();
  }
}

function load(kind: string): Promise<void> {
  loading[kind] ??= new Promise<void>((resolve, reject) => {
    const address = SCRIPTS[kind];
    if (!address) return reject(new Error(kind));
    globals[LOADED] = () => resolve();
    const script = document.createElement("script");
    script.src = address + LOADED;
    script.onerror = () => {
      delete loading[kind];
      reject(new Error(address));
    };
    document.head.append(script);
  });
  return loading[kind];
}
