// The how-to pages, followed to the letter in one copy of the workspace: their commands, files and changes, and what they say is printed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort } from "@muster/local";
import { describeWithServers, freePortBase } from "@muster/testkit";
import { blocksOfDocument, type Follower, follower } from "@muster/testkit/followed-document";
import { copyWorkspace } from "@muster/testkit/workspace-copy";
import { afterAll, beforeAll, expect, it } from "vitest";

const GAME_PAGE = "design/howto/write-a-game.md";
const WITHIN_MS = 240_000;

describeWithServers("the how-to pages", () => {
  const copy = mkdtempSync(path.join(os.tmpdir(), "muster-howto-"));
  let follow: Follower;
  beforeAll(async () => {
    copyWorkspace(path.resolve(import.meta.dirname, "../../.."), copy);
    follow = follower(copy, {
      MUSTER_PORT: String(await freePort()),
      MUSTER_TLS_PORT: String(await freePort()),
      MUSTER_PORT_BASE: String(await freePortBase()),
      MUSTER_SKIP_SMOKE: "1",
    });
    follow.run("git init --quiet");
  });
  afterAll(async () => {
    await follow?.[Symbol.asyncDispose]();
    rmSync(copy, { recursive: true, force: true });
  }, WITHIN_MS);

  it(
    "write a game: a game from nothing, played against a running system",
    async () => {
      await follow.follow(GAME_PAGE);
      // What a client can do besides: each is a program when it has a client, if it makes none.
      const shown = blocksOfDocument(readFileSync(path.join(copy, GAME_PAGE), "utf8")).filter(
        ({ info }) => info === "ts",
      );
      const programs = shown.filter(({ text }) => !text.includes("new MusterClient("));
      expect(programs.length).toBeGreaterThan(2);
      for (const [i, { text }] of programs.entries()) {
        const before = `import { MusterClient } from "@muster/client";\nconst client = new MusterClient({ url: "" });\nexport const realtime = await client.connect();\n`;
        writeFileSync(path.join(copy, `packages/game-gather/src/block-${i}.ts`), before + text);
      }
      follow.run("tsc --noEmit -p packages/game-gather");
    },
    WITHIN_MS,
  );

  it("add an RPC: to a new service", () => follow.follow("design/howto/add-an-rpc.md"), WITHIN_MS);
  it("add an event", () => follow.follow("design/howto/add-an-event.md"), WITHIN_MS);
});
