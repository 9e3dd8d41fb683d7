/** `node build.mjs FOLDER [-18]`: client.js and server.cjs, for React 19 or 18. */
import { build } from "esbuild";

const [folder, version = ""] = process.argv.slice(2);
const options = {
  bundle: true,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"development"' },
  // One version of React is installed under another name.
  alias: version && { react: `react${version}`, "react-dom": `react-dom${version}` },
  absWorkingDir: import.meta.dirname,
};
if (!version) delete options.alias;
await build({
  ...options,
  entryPoints: ["client.jsx"],
  format: "esm",
  outfile: `${folder}/client.js`,
});
await build({
  ...options,
  entryPoints: ["server.jsx"],
  platform: "node",
  outfile: `${folder}/server.cjs`,
});
