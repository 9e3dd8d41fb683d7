/** A peer whose types lie elsewhere in its package. */
declare module "*/marked.esm.js" {
  export const marked: {
    parse(text: string, options: { gfm: boolean; async: false }): string;
  };
}
