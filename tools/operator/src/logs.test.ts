import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Environment } from "./environment.ts";
import { logs } from "./logs.ts";

const PLAYER = "0199c2d4-7a1b-7c3d-8e4f-0123456789ab";
const TRACE = "0123456789abcdef0123456789abcdef";
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  [PLAYER, 0],
  [PLAYER.toUpperCase(), 0],
  [TRACE.toUpperCase(), 0],
  ["Shard-1", 0],
  ["shard-1", 1],
  [`${PLAYER.slice(0, -1)}c`, 1],
])("lines of an id are found in whichever case it was copied, other words as they are: %s", async (id, exitCode) => {
  const line = { level: "info", time: "2026-11-26T12:00:00.000Z", playerId: PLAYER, traceId: TRACE, name: "Shard-1" };
  writeFileSync(path.join(folder, "shard.log"), `${JSON.stringify(line)}\n`);
  expect(await logs.run(["--folder", folder, id], {} as Environment)).toBe(exitCode);
});
