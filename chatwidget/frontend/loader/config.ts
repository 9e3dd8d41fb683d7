/** A widget's public configuration, which the server writes into the loader; defaults are left out. */
export interface Config extends Look {
  slug: string;
  title: string;
  /**
   * The launcher's names, "to open|to close" or one for both, by two letters of the page's language;
   * "" is for all others.
   */
  labels: Record<string, string>;
}

/**
 * What the launcher says, unasked, after so many seconds; `close` names the button that ends it, by
 * language as `labels` does.
 */
export interface Teaser {
  text: string;
  delay: number;
  close: Record<string, string>;
}

/**
 * What `data-` attributes on the script tag can say otherwise, and then in text: `target`, a selector
 * (the panel stands in that element, without a launcher), and what loader.css knows as custom
 * properties and classes.
 */
export interface Look {
  position?: "right" | "left";
  color?: string;
  text?: string;
  x?: number;
  y?: number;
  radius?: number;
  icon?: string;
  shape?: string;
  teaser?: Teaser;
}
