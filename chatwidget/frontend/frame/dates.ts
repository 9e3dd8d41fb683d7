/** Times and days in the visitor's language, from `Intl`. */
/** The visitor's region for a language, from the page's own `lang` or the browser: "en" as "en-GB". */
export function region(
  locale: string,
  page = new URLSearchParams(location.search).get("lang") ?? "",
  accepted: readonly string[] = navigator.languages,
): string {
  const [language] = locale.split("-");
  const same = [page, ...accepted].filter((tag) => tag.toLowerCase().split(/[-_]/)[0] === language);
  const tags = [...same.filter((tag) => /[-_]/.test(tag)), locale];
  for (const tag of tags) {
    try {
      return new Intl.Locale(tag.replace("_", "-")).toString();
    } catch {
      // What a page calls its language may be anything.
    }
  }
  return locale;
}

export class DateFormatter {
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
      : seconds < 7200
        ? format.format(Math.ceil(seconds / 60), "minute")
        : format.format(Math.ceil(seconds / 3600), "hour");
  }
}

/** A time that cannot be read is now, rather than an exception. */
function known(iso: string): Date {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
