// The page is built into dist/, which the ingress serves (infra/nginx). Every file but index.html has its content's hash in its name.
import { defineConfig, type Plugin } from "vite";
import { referenceFiles } from "./reference/build.ts";

/** The API reference lies beside the page. */
const reference: Plugin = {
  name: "muster-reference",
  apply: "build",
  generateBundle() {
    for (const [fileName, source] of referenceFiles()) this.emitFile({ type: "asset", fileName, source });
  },
};

export default defineConfig({
  plugins: [reference],
  build: {
    // The one folder that the ingress serves; the API has all other paths.
    assetsDir: "page",
    target: "es2023",
    // The content security policy allows no data: URLs but for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
