// The client SDK where players have it: bundled, in a real browser, on a page of another origin than the ingress.
import path from "node:path";
import { freePort } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";
import { CHROMIUM, reportOf } from "./browser.ts";
import { startSystem } from "./system.ts";

describeWithServers("the client SDK in a browser", () => {
  it.skipIf(!CHROMIUM)(
    "registers, queues, plays a duel to its end with real inputs and finds it in the history",
    async () => {
      const pagePort = await freePort();
      await using system = await startSystem({
        env: { EDGE_CORS_ORIGINS: JSON.stringify([`http://127.0.0.1:${pagePort}`]) },
      });
      const report = await reportOf(await bundled("browser-page.ts"), pagePort, system.url);
      expect(report).toMatchObject({
        error: null,
        end: { kind: "ended", reason: "played" },
        framesSkipped: 0,
        historyState: "ended",
      });
      const { end, hash } = report as { end: { stateHash: string }; hash: string };
      expect(hash).toBe(end.stateHash); // the browser's engine holds the shard's state to the bit
    },
  );

  it.skipIf(!CHROMIUM)(
    "two tabs with the same tokens stay logged in, where every repeat of a refresh counts",
    async () => {
      await using system = await startSystem({ env: { IDENTITY_REFRESH_GRACE_S: "0" } });
      const report = await reportOf(await bundled("browser-tabs-page.ts"), await freePort(), system.url);
      expect(report).toEqual({ error: null, refreshTokens: 6, loggedOut: false });
    },
  );

  const allowed = (url: string, origin: string): Promise<string | null> =>
    fetch(`${url}/v1/modes`, { headers: { origin } }).then(({ headers }) => headers.get("access-control-allow-origin"));

  it("is refused to pages of origins that are not configured", async () => {
    await using system = await startSystem({ env: { EDGE_CORS_ORIGINS: '["https://game.example"]' }, nginx: false });
    expect(await allowed(system.url, "https://game.example")).toBe("https://game.example");
    for (const origin of ["https://evil.example", "http://localhost:5173", "https://game.example:8443"])
      expect(await allowed(system.url, origin)).toBeNull();
  });

  it("is open to pages of this machine on a local system, and to no others", async () => {
    await using system = await startSystem({ nginx: false });
    for (const origin of ["http://localhost:5173", "http://127.0.0.1:3000", "http://localhost", "http://[::1]:80"])
      expect(await allowed(system.url, origin)).toBe(origin);
    const others = [
      "http://localhost.evil.example",
      "http://localhost:1.evil.example",
      "http://evil.example:5173",
      "https://127.0.0.1.nip.io",
      "null",
    ];
    for (const origin of others) expect(await allowed(system.url, origin)).toBeNull();
  });
});

async function bundled(page: string): Promise<string> {
  const bundle = await rolldown({ input: path.join(import.meta.dirname, page), platform: "browser" });
  const [chunk] = (await bundle.generate({ format: "esm" })).output;
  await bundle.close();
  return chunk.code;
}
