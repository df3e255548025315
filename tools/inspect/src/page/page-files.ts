// The files of the page, built when it is opened: a tenth of a second, and nothing that could be out of date.
import path from "node:path";
import { build } from "esbuild";

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const SOURCES = path.join(import.meta.dirname, "../../page");

export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const { outputFiles } = await build({
    entryPoints: ["main.tsx", "page.css"].map((name) => ({ in: path.join(SOURCES, name), out: "page" })),
    outdir: "/",
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
  });
  const built = (ending: string): string => outputFiles.find((file) => file.path.endsWith(ending))?.text ?? "";
  return new Map([
    ["/", { type: "text/html; charset=utf-8", text: HTML }],
    ["/page.js", { type: "text/javascript; charset=utf-8", text: built(".js") }],
    ["/page.css", { type: "text/css; charset=utf-8", text: built(".css") }],
  ]);
}

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Muster: inspection</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/page.css" />
    <script type="module" src="/page.js"></script>
  </head>
  <body></body>
</html>
`;
