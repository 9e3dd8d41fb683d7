/** A style sheet as minified text; see `cssText` in build.mjs. */
declare module "*.css?text" {
  const text: string;
  export default text;
}
