/** The part that lets visitors have their own data; it is loaded when they ask for it. */
import type { Host } from "../own-data/main.ts";
import type { OwnData } from "./config.ts";

/** `hello` is what the server knows them by. Rejects where the part cannot be loaded. */
export async function openOwnData(
  { url, script, strings }: OwnData,
  { hello, ...host }: Pick<Host, "failed" | "forget" | "wait"> & { hello(): Promise<object> },
): Promise<void> {
  const { open }: typeof import("../own-data/main.ts") = await import(script);
  const ask = async (what: object) => {
    const body = JSON.stringify({ hello: await hello(), ...what });
    return fetch(url, { method: "POST", credentials: "omit", body });
  };
  open({ strings, ask, ...host });
}
