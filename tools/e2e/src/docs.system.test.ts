// The API reference in a real browser, from the ingress: the pages that the build of the player's page makes, and the viewer of the REST contract.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { builtPage, freePort, type NginxServer, paths, startNginx } from "@muster/local";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { describeWithBrowser, expectAccessible, openBrowser, picture, type TestBrowser } from "./browser-kit.ts";

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string; tags: string[] }>>>>;
}

describeWithBrowser("the API reference at the ingress", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-docs-"));
  const asked: string[] = [];
  const edge = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    res.setHeader("content-type", "application/json").end('{"modes":[]}');
  });
  let nginx: NginxServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const edgePort = await freePort();
    await new Promise<void>((resolve) => edge.listen(edgePort, "127.0.0.1", resolve));
    const address = `127.0.0.1:${edgePort}`;
    const addresses = { edgeAddress: address, gatewayAddress: address };
    nginx = await startNginx({ prefix: folder, port: await freePort(), ...addresses, webRoot: await builtPage() });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await nginx.stop();
    edge.closeAllConnections();
    edge.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("comes to programs and browsers alike, with a policy that runs nothing but its own files, which never change", async () => {
    for (const accept of ["text/html", "*/*"])
      for (const at of ["/docs", "/docs/", "/docs/rest", "/docs/grpc/identity"]) {
        const { status, headers } = await fetch(`${nginx.url}${at}`, { headers: { accept } });
        expect([at, status, headers.get("content-type")]).toEqual([at, 200, "text/html; charset=utf-8"]);
        expect(headers.get("content-security-policy")).toContain(
          "default-src 'none'; script-src 'self'; style-src 'self';",
        );
        expect(headers.get("cache-control")).toBe("no-cache");
      }
    const text = await (await fetch(`${nginx.url}/docs/rest`)).text();
    const loaded = [...text.matchAll(/(?:src|href)="(\/page\/[^"]+-[^"]+)"/g)].map(([, at]) => at as string);
    expect(loaded.length).toBeGreaterThan(4);
    for (const at of loaded)
      expect((await fetch(nginx.url + at)).headers.get("cache-control"), at).toContain("immutable");
    for (const at of ["/docs/none", "/docs/../system/healthz", "/docs/rest.html"])
      expect((await fetch(nginx.url + at, { headers: { accept: "text/html" } })).headers.get("content-type"), at).toBe(
        "application/json",
      );
  });

  it("is readable in both themes, wide and narrow, with a screen reader too", async () => {
    const page = await browser.visit(`${nginx.url}/docs`);
    // One of each kind: to look at every row of the longest ones takes axe half a minute.
    for (const at of ["", "/replay-file", "/grpc/replay"]) {
      await page.goto(`${nginx.url}/docs${at}`);
      await expectAccessible(page, `/docs${at}`);
      await page.emulateMedia({ colorScheme: at === "" ? "light" : "dark" });
    }
    for (const at of ["/realtime/behaviour", "/events"]) {
      await page.goto(`${nginx.url}/docs${at}`);
      await picture(page, `docs${at.replaceAll("/", "-")}`);
    }
    await page.goto(nginx.url);
    await page.evaluate("localStorage.setItem('muster.theme', 'dark')");
    await page.goto(`${nginx.url}/docs`);
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  }, 60_000);

  it("shows every route of the contract, opens the one that a link names, and sends its request to the same server", async () => {
    const { paths: routes } = parse(
      readFileSync(path.join(paths.root, "contracts/openapi/edge.v1.yaml"), "utf8"),
    ) as Contract;
    const operations = Object.values(routes).flatMap((methods) => Object.values(methods));
    const page = await browser.visit(`${nginx.url}/docs/rest#/system/listModes`);
    await page.locator("#operations-system-listModes.is-open").waitFor();
    const ids = await page.locator(".opblock").evaluateAll((all: { id: string }[]) => all.map(({ id }) => id));
    expect(ids.toSorted()).toEqual(
      operations.map(({ tags, operationId }) => `operations-${tags[0]}-${operationId}`).toSorted(),
    );
    await page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(page, "the REST reference with a route");
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await page.getByText('"modes"').first().waitFor();
    expect(asked).toContain("GET /v1/modes");
    await page.emulateMedia({ colorScheme: "light" });
    await expectAccessible(page, "the REST reference with an answer");
    await page.locator("#operations-sessions-register .opblock-summary-control").click();
    await page.locator("#operations-sessions-register.is-open").waitFor();
    await page.getByRole("button", { name: "Authorize" }).first().click();
    await page.getByRole("heading", { name: "Available authorizations" }).waitFor();
    await expectAccessible(page, "the REST reference with its dialog");
    await page.keyboard.press("Escape");
    await picture(page, "docs-rest");
  }, 60_000);
});
