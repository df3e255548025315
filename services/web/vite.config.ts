// The page is built into dist/, which the ingress serves (infra/nginx). Every file but index.html has its content's hash in its name.
import { defineConfig } from "vite";

export default defineConfig({
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
