/** `node snippet.mjs CODE`: the script of a page that renders CODE's component, Chat; twice over. */
import { build } from "esbuild";

const [code] = process.argv.slice(2);
const page = `
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
createRoot(document.querySelector("#root")).render(<StrictMode><Chat /></StrictMode>);
`;
const built = await build({
  stdin: { contents: code + page, loader: "jsx", resolveDir: import.meta.dirname },
  bundle: true,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"development"' },
  write: false,
});
process.stdout.write(built.outputFiles[0].text);
