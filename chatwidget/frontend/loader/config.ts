/** A widget's public configuration, which the server writes into the loader; defaults are left out. */
export interface Config extends Look {
  slug: string;
  title: string;
  /**
   * Names with bars between them, by the page's language, "" for all others: of the launcher, to open
   * and to close, where that is another; of the loader's own buttons, to close and to try again, where
   * they are not English.
   */
  labels: Record<string, string>;
  teaser?: Teaser;
}

/** What the launcher says, unasked, after so many seconds. */
export interface Teaser {
  text: string;
  delay: number;
}

/** What loader.css has as custom properties and classes. Attributes say it in text. */
export interface Look {
  position?: string;
  color?: string;
  x?: number | string;
  y?: number | string;
  radius?: number | string;
  icon?: string;
  shape?: string;
}

/** What `data-` attributes of the script tag can say. */
export interface Attributes extends Look {
  /** A selector: the chat stands in that element, and there is no launcher. */
  target?: string;
  /** "none": the page opens the chat by a button of its own. */
  launcher?: string;
}
