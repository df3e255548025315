// Who gets the player's page from the ingress, and with which headers, whatever path, header or status it comes with.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { freePort, type NginxServer, startNginx } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";
const JSON_TYPE = "application/json";
/** Text that is packed better the longer is looked for repetitions. */
const SCRIPT = Array.from({ length: 3000 }, (_, i) => `say${(i * i) % 97}(${i % 89});`).join("\n");
const LIMITED = { requestsPerSPerAddress: 1 };
/** At once, before the rate counts: see the template. */
const BURST = LIMITED.requestsPerSPerAddress * 2 + 1;

/** How much is sent for it: fetch tells only what it is unpacked. */
function packedBytes(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

describeWithServers("the player's page at the ingress", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-page-"));
  const edge = createServer((_asked, response) => response.setHeader("content-type", JSON_TYPE).end("{}"));
  const servers: NginxServer[] = [];
  let url = "";
  let limited = "";
  beforeAll(async () => {
    const webRoot = path.join(folder, "web");
    mkdirSync(path.join(webRoot, "page"), { recursive: true });
    writeFileSync(path.join(webRoot, "index.html"), "<!doctype html>");
    writeFileSync(path.join(webRoot, "page/a-1.js"), SCRIPT);
    const edgePort = await freePort();
    await new Promise<void>((resolve) => edge.listen(edgePort, "127.0.0.1", resolve));
    const address = `127.0.0.1:${edgePort}`;
    const start = async (name: string, limits: { requestsPerSPerAddress: number }): Promise<string> => {
      const prefix = path.join(folder, name);
      const addresses = { edgeAddress: address, gatewayAddress: address };
      const nginx = await startNginx({ prefix, port: await freePort(), ...addresses, webRoot, limits });
      servers.push(nginx);
      return nginx.url;
    };
    url = await start("plenty", { requestsPerSPerAddress: 100_000 });
    limited = await start("limited", LIMITED);
  });
  afterAll(async () => {
    for (const one of servers) await one.stop();
    edge.closeAllConnections();
    edge.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const typeOf = async (at: string, accept: string): Promise<string> => {
    const { status, headers } = await fetch(`${url}${at}`, { headers: { accept } });
    return `${status} ${headers.get("content-type")?.split(";")[0]}`;
  };

  it("is for who takes HTML, and never for who does not, whatever else is in the path or the header", async () => {
    for (const at of ["/", "/watch/x", "/V1/me", "/page", "/v1%0a/me", "/index.html"])
      expect(await typeOf(at, HTML), at).toBe("200 text/html");
    for (const accept of ["TEXT/HTML", "application/json, text/html;q=0.1", "text/html;q=1"])
      expect(await typeOf("/", accept), accept).toBe("200 text/html");
    for (const at of ["/x%20text/html", "/x%20,text/html", "/%0A1%20GET%20/", "/1%20GET%20/"])
      expect(await typeOf(at, JSON_TYPE), at).toBe(`200 ${JSON_TYPE}`);
    for (const accept of ["text/html;q=0", "text/html; q=0.0, */*", "application/text/html", "text/htmlx", "*/*"])
      expect(await typeOf("/", accept), accept).toBe(`200 ${JSON_TYPE}`);
  });

  it("is at its documented links for who takes anything, as curl does; for who asks for JSON alone it is nowhere", async () => {
    for (const at of ["/console", "/console/players", "/?guest&mode=duel-practice", "/?mode=duel-practice&guest"]) {
      expect(await typeOf(at, "*/*"), at).toBe("200 text/html");
      expect(await typeOf(at, JSON_TYPE), at).toBe(`200 ${JSON_TYPE}`);
    }
    for (const at of ["/", "/?guests", "/consoles", "/watch/x", "/v1/console", "/console/../v1/me"])
      expect(await typeOf(at, "*/*"), at).toBe(`200 ${JSON_TYPE}`);
    const posted = await fetch(`${url}/console`, { method: "POST", headers: { accept: "*/*" } });
    expect(posted.headers.get("content-type")).toContain(JSON_TYPE);
  });

  it("is never the answer of a path of the API, of a refusal or of a file of the page", async () => {
    for (const at of ["/v1/me", "/v1", "//v1/me", "/v1%2fme", "/x/../v1/me", "/healthz", "/.well-known/jwks.json"])
      expect(await typeOf(at, HTML), at).toBe(`200 ${JSON_TYPE}`);
    const away = [
      "/system/healthz",
      "/v1/../system/x",
      "/refused/limited",
      "/page/none.js",
      "/page/",
      "/page/../refused/x",
    ];
    for (const at of away) expect(await typeOf(at, HTML), at).toBe(`404 ${JSON_TYPE}`);
    expect(await typeOf("/page/a-1.js", HTML)).toBe("200 text/javascript");
  });

  it("comes with its policy, and a refused request is no page that could be framed without one", async () => {
    const page = await fetch(url, { headers: { accept: HTML } });
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.headers.get("vary")).toContain("Accept");
    const asked = Array.from({ length: BURST + 5 }, () => fetch(limited, { headers: { accept: HTML } }));
    const refused = (await Promise.all(asked)).filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers } of refused)
      expect([status, headers.get("content-type"), headers.get("retry-after")]).toEqual([429, JSON_TYPE, "1"]);
  });

  it("says to shared caches that a compressed file is another one", async () => {
    const { headers } = await fetch(`${url}/page/a-1.js`, { headers: { "accept-encoding": "gzip" } });
    expect([headers.get("content-encoding"), headers.get("vary")]).toEqual(["gzip", "Accept-Encoding"]);
    expect(await packedBytes(`${url}/page/a-1.js`)).toBeLessThan(gzipSync(SCRIPT, { level: 3 }).length);
  });
});
