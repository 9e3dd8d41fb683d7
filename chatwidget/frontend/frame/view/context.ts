/** What all parts of the view share. */
import type { Config } from "../config.ts";
import type { Profile } from "../protocol.ts";
import type { Talk } from "../talk.ts";

/** What a visitor can do, beside talking. */
export interface Acts {
  /** False: not now (a form is asked first); a text that was `typed` is to stay where it is. */
  send(text: string, typed?: boolean): boolean;
  close(): void;
  /** The Escape key, where nothing else has taken it. */
  escape(): void;
  /** The form before the first message was filled in, or put aside. */
  introduce(profile: Omit<Profile, "type">): void;
  putOff(): void;
  draft(text: string): void;
}

export interface Room {
  config: Config;
  acts: Acts;
  talk: Talk;
  times: Times;
}

/** Times and days in the visitor's language, from `Intl`. */
export class Times {
  #locale: string;
  #clock: Intl.DateTimeFormat;
  #date: Intl.DateTimeFormat;
  #near: Intl.RelativeTimeFormat;
  #midnights = new Map<string, number>();

  constructor(locale: string) {
    this.#locale = locale;
    this.#clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.#date = new Intl.DateTimeFormat(locale, {
      weekday: "long",
      day: "numeric",
      month: "long",
    });
    this.#near = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  }

  /** The time of day of an ISO 8601 time. */
  clock(iso: string): string {
    return this.#clock.format(known(iso));
  }

  /** When the day of an ISO 8601 time began. Asked for each message at each change, so remembered. */
  midnight(iso: string): number {
    const found = this.#midnights.get(iso) ?? known(iso).setHours(0, 0, 0, 0);
    this.#midnights.set(iso, found);
    return found;
  }

  /** The day that began then: today, yesterday, or its date. */
  day(midnight: number, now: Date): string {
    const days = Math.round((midnight - new Date(now).setHours(0, 0, 0, 0)) / 86_400_000);
    const text =
      days === 0 || days === -1 ? this.#near.format(days, "day") : this.#date.format(midnight);
    return text.charAt(0).toLocaleUpperCase(this.#locale) + text.slice(1);
  }

  /** In so many seconds (minutes, from two on). */
  wait(seconds: number): string {
    const format = new Intl.RelativeTimeFormat(this.#locale);
    return seconds < 120
      ? format.format(Math.ceil(seconds), "second")
      : format.format(Math.ceil(seconds / 60), "minute");
  }
}

/** A time that cannot be read is now, rather than an exception. */
function known(iso: string): Date {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
