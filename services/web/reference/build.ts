// The API reference as files, which the ingress serves at /docs beside the player's page. Vite's build of the page has them too.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { restContract } from "./contracts.ts";
import { document } from "./html.ts";
import { referencePages } from "./pages.ts";

const WEB = path.join(import.meta.dirname, "..");
const SWAGGER = path.join(WEB, "node_modules/swagger-ui-dist");
const STYLES = ["src/styles/tokens.css", "src/styles/base.css", "src/styles/components.css", "reference/reference.css"];

/** By name in the folder that is served. Whatever is in page/ has its content's hash in its name. */
export function referenceFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const hashed = (name: string, ending: string, content: string): string => {
    const hash = createHash("sha256").update(content).digest("base64url").slice(0, 8);
    const file = `page/${name}-${hash}.${ending}`;
    files.set(file, content);
    return `/${file}`;
  };
  const rest = restContract();
  const theme = hashed("docs-theme", "js", inWeb("reference/browser/theme.js"));
  const styles = [hashed("docs", "css", STYLES.map(inWeb).join("\n"))];
  const viewer = {
    scripts: [
      hashed("swagger-ui", "js", inSwagger("swagger-ui-bundle.js")),
      hashed("docs-rest", "js", `${contractScript(rest)}\n${inWeb("reference/browser/rest.js")}`),
    ],
    styles: [hashed("swagger-ui", "css", inSwagger("swagger-ui.css")), ...styles],
  };
  for (const page of referencePages(rest)) {
    const assets = page.viewer ? viewer : { scripts: [], styles };
    files.set(`${page.path.slice(1)}.html`, document(page, { theme, ...assets }));
  }
  return files;
}

/** Without the addresses of servers: the one that serves the page is asked. */
function contractScript(contract: object): string {
  return `globalThis.musterContract = ${JSON.stringify({ ...contract, servers: undefined })};`;
}

function inWeb(name: string): string {
  return readFileSync(path.join(WEB, name), "utf8");
}

function inSwagger(name: string): string {
  return readFileSync(path.join(SWAGGER, name), "utf8").replace(
    /^\/\/# sourceMappingURL=.*$|\/\*# sourceMappingURL=.*\*\//m,
    "",
  );
}
