/** What a reader sees of rendered Markdown, as text. */
export function shown(node: Node): string {
  if (node instanceof Text) return node.data;
  return (node as HTMLElement).hidden ? "" : [...node.childNodes].map(shown).join("");
}
