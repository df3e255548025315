// A real browser, as tests drive it: it opens a page with one script, and the page reports.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";

/** Undefined where there is none; in CI that is an error. */
export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0,
);
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

if (!CHROMIUM && process.env["CI"]) throw new Error("no chromium: scripts/test.sh installs it");

/** Opens a page of this origin with this script, an ES module, in a browser, and waits for what it posts to /done. */
export async function reportOf(script: string, port: number, musterUrl: string): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-browser-"));
  const reported = Promise.withResolvers<Record<string, unknown>>();
  const server = createServer((req, res) => {
    if (req.url === "/page.js") return void res.setHeader("content-type", "text/javascript").end(script);
    if (req.method !== "POST")
      return void res
        .setHeader("content-type", "text/html")
        .end(`<!doctype html><script type="module" src="/page.js"></script>`);
    const chunks: Buffer[] = [];
    req
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => {
        res.end();
        reported.resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
      });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${port}/?${new URLSearchParams({ muster: musterUrl })}`;
  const browser = spawn(CHROMIUM as string, [...FLAGS, `--user-data-dir=${folder}/profile`, url], {
    stdio: "ignore",
    detached: true,
  });
  const timeout = setTimeout(() => reported.reject(new Error("the page reported nothing")), 40_000);
  try {
    return await reported.promise;
  } finally {
    clearTimeout(timeout);
    process.kill(-(browser.pid as number), "SIGKILL");
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
