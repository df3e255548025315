// What new-game.ts writes, in a copy of the workspace.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { copyWorkspace } from "../packages/testkit/src/workspace-copy.ts";

const root = path.resolve(import.meta.dirname, "..");
const copy = mkdtempSync(path.join(os.tmpdir(), "muster-game-"));
const IDS = ["race", "last-stick"];
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(command: string, ...args: string[]): string {
  const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env["PATH"]}` };
  const done = spawnSync(command, args, { cwd: copy, env, encoding: "utf8" });
  expect(done.status, `${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`).toBe(0);
  return done.stdout;
}

it("a new game compiles, plays, passes a soak and has a queue", () => {
  copyWorkspace(root, copy);
  // Both kinds, and names as people give them: one word, and several.
  run("node", "scripts/new-game.ts", "race", "--no-install");
  run("node", "scripts/new-game.ts", "last-stick", "--turns", "--no-install");
  const filters = [...IDS, "duel"].flatMap((id) => ["--filter", `@muster/game-${id}...`]);
  const others = [
    "--filter",
    "@muster/modes...",
    "--filter",
    "@muster/matchmaker...",
    "--filter",
    "@muster/inspect...",
    "--filter",
    "muster",
  ];
  run("pnpm", "install", "--prefer-offline", "--no-frozen-lockfile", "--ignore-scripts", ...filters, ...others);

  for (const folder of [...IDS.map((id) => `game-${id}`), "modes"]) run("tsc", "--noEmit", "-p", `packages/${folder}`);
  run("vitest", "run", ...IDS.map((id) => `packages/game-${id}/`));
  for (const id of IDS) expect(run("node", "tools/inspect/src/soak.ts", id, "--matches", "300")).toMatch(/^ok$/m);
  const queues = `const { readConfig } = await import("./src/config.ts");
    const { GAMES } = await import("@muster/modes");
    const config = readConfig({ MATCHMAKER_SEAT_TICKET_KEY: "ab".repeat(32), MATCHMAKER_MATCH_URL: "http://127.0.0.1:1" });
    console.log(JSON.stringify([[...GAMES.keys()], Object.keys(config.modes)]));`;
  writeFileSync(path.join(copy, "services/matchmaker/queues.ts"), queues);
  const [games, modes] = JSON.parse(run("node", "services/matchmaker/queues.ts")) as [string[], string[]];
  expect(games).toEqual(expect.arrayContaining(IDS));
  expect(modes).toEqual(expect.arrayContaining(IDS));

  const refused = (id: string, why: string, ...words: string[]): void =>
    expect(spawnSync("node", ["scripts/new-game.ts", id, ...words], { cwd: copy, encoding: "utf8" }), id).toMatchObject(
      {
        status: why.startsWith("usage") ? 2 : 1,
        stderr: expect.stringContaining(why),
      },
    );
  refused("race", "already exists");
  // Of JavaScript, of the files' imports, of their functions, and of the variables inside of these.
  for (const id of ["class", "await", "list", "play", "match", "client", "process", "crypto"])
    refused(id, "means something else");
  refused("outcome", "means something else", "--turns");
  refused("duel-quick", "a queue of that name");
  run("node", "scripts/new-game.ts", "tug-2", "--no-install");
  refused("tug2", "is another game already");
  for (const id of ["Race", "2d", "-x", "x-", "a_b", "../x", "x".repeat(33), ""]) refused(id, "usage");
}, 120_000);
