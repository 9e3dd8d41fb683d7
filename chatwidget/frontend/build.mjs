// Builds the front end into ../static/chatwidget/ (or the folder given as the first argument).
// An entry that does not exist is left out; everything written is named on standard output.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "static", "chatwidget"));
// Dialog, :modal, constructable style sheets, inset-*: all browsers since the spring of 2023.
const target = ["es2022", "chrome105", "firefox104", "safari16.4"];
const placeholder = '"__CHATWIDGET__"';

/** `import css from "./x.css?text"` is the minified text of the style sheet. */
const cssText = {
  name: "css-text",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css\?text$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("?text", "")),
      namespace: "css-text",
    }));
    onLoad({ filter: /./, namespace: "css-text" }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      const { code } = await transform(source, { loader: "css", minify: true, target });
      // The spaces that esbuild leaves within parentheses; those around + and - mean something.
      const contents = code
        .trim()
        .replace(/(?<=[(,]) | (?=\))/g, "")
        .replaceAll(" * ", "*");
      return { contents, loader: "text", watchFiles: [path] };
    });
  },
};

const entries = [
  // What a widget does not use is not sent to it: the teaser bubble is a loader of its own.
  { from: "loader/main.ts", to: "loader.js", define: { TEASER: "false" } },
  { from: "loader/main.ts", to: "loader.teaser.js", define: { TEASER: "true" } },
  { from: "frame/first.ts", to: "first.js" },
  { from: "frame/main.ts", to: "frame.js" },
  { from: "frame/frame.css", to: "frame.css" },
  // Modules: the frame imports them when something first needs them.
  { from: "markdown/index.ts", to: "markdown.js", format: "esm" },
  { from: "math/main.ts", to: "math.js", format: "esm", license: "temml" },
  { from: "challenge/main.ts", to: "challenge.js", format: "esm", license: "altcha-lib" },
  { from: "rich/main.ts", to: "rich.js", format: "esm" },
  { from: "own-data/main.ts", to: "own-data.js", format: "esm" },
  { from: "admin/main.ts", to: "admin.js" },
  { from: "admin/admin.css", to: "admin.css" },
  { from: "preview/main.ts", to: "preview.js" },
  { from: "numbers/main.ts", to: "numbers.js", license: "uplot" },
  { from: "numbers/numbers.css", to: "numbers.css" },
  { from: "gallery/main.ts", to: "gallery.js" },
  { from: "gallery/gallery.css", to: "gallery.css" },
];

const licenseOf = (folder) => {
  const name = ["LICENSE", "LICENSE.txt"].find((each) => existsSync(join(folder, each)));
  return readFileSync(join(folder, name), "utf8");
};
/** What a package asks to be kept beside its code. */
const notice = (name) => `/*!\n${licenseOf(join(here, "node_modules", name)).trim()}\n*/`;
/** A second minifier, which finds some 3 % more than the first. */
async function squeeze(script, module, smallest) {
  // Unsafe: `${text}` becomes ""+text, which is another thing for some objects; the loader has none.
  const unsafe = { unsafe: smallest, unsafe_arrows: true };
  const compress = { ecma: 2022, passes: 3, keep_fargs: false, ...unsafe };
  const { code } = await minify(script, {
    ecma: 2022,
    module,
    compress,
    mangle: { toplevel: true },
  });
  return code.trim();
}

mkdirSync(out, { recursive: true });
for (const { from, to, define = {}, format = "iife", license } of entries) {
  const entry = join(here, from);
  if (!existsSync(entry)) continue;
  const result = await build({
    entryPoints: [entry],
    outfile: join(out, to),
    bundle: true,
    minify: true,
    format,
    charset: "utf8",
    legalComments: "none",
    banner: license ? { js: notice(license) } : {},
    define,
    target,
    tsconfigRaw: {}, // the strict one would write "use strict"
    plugins: [cssText],
    write: false,
  });
  const [file] = result.outputFiles;
  const loader = to.startsWith("loader");
  const text = to.endsWith(".js")
    ? await squeeze(file.text, format === "esm", loader)
    : file.text.trim();
  // The server puts the widget's JSON in the placeholder's place; a second one would be left as is.
  if (loader && text.split(placeholder).length !== 2) {
    throw new Error(`${to}: ${placeholder} must be there exactly once`);
  }
  // It is written into the page, whose parser would end it there.
  if (to === "first.js" && /<\/script|<!--/i.test(text)) throw new Error(`${to} ends its script`);
  writeFileSync(file.path, text);
  console.log(`${to} ${Buffer.byteLength(text)}`);
}
copyFileSync(join(here, "types", "chatwidget.d.ts"), join(out, "chatwidget.d.ts"));
copyFileSync(join(here, "frame", "icon.svg"), join(out, "icon.svg"));
