/** What to ask a visitor before the first message. */
import type { Prechat } from "./config.ts";
import type { Profile } from "./protocol.ts";

/**
 * The form to fill in now, null for none. It is asked once; again only where there is a text to agree
 * to and this visitor has agreed to another version of it, or to none.
 */
export function formToShow(
  prechat: Prechat | null,
  wantsEmail: boolean,
  profile: Omit<Profile, "type"> | undefined,
): Prechat | null {
  // A text without a version is the first: an agreement that names none would not be one.
  const version = prechat?.version || "1";
  const agreed = !prechat?.consent || profile?.consent === version;
  if (profile && agreed) return null;
  const email = prechat?.email ?? (wantsEmail ? "optional" : null);
  if (prechat) return { ...prechat, email, version };
  return email && { name: null, email, consent: null, version: "" };
}
