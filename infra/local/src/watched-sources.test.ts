import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { watchSources } from "./watched-sources.ts";

const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), "muster-watched-")));
let stop: (() => void) | undefined;
afterEach(() => {
  stop?.();
  rmSync(root, { recursive: true });
});

function packageWith(name: string, ...dependencies: string[]): string {
  const folder = path.join(root, name);
  mkdirSync(path.join(folder, "node_modules"), { recursive: true });
  for (const other of dependencies) symlinkSync(path.join(root, other), path.join(folder, "node_modules", other));
  const versions = Object.fromEntries(dependencies.map((other) => [other, "workspace:*"]));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ dependencies: versions }));
  return folder;
}

it("tells which file has changed, also of a package that has become a dependency since, and nothing of tests", async () => {
  const service = packageWith("service");
  const seen: string[] = [];
  let next = Promise.withResolvers<void>();
  stop = watchSources(service, (file) => {
    seen.push(path.relative(root, file));
    next.resolve();
  });
  const changes = async (file: string): Promise<void> => {
    next = Promise.withResolvers();
    writeFileSync(path.join(root, file), "// changed\n");
    await next.promise;
  };
  await changes("service/rules.ts");
  packageWith("game");
  packageWith("service2"); // not a dependency
  symlinkSync(path.join(root, "game"), path.join(service, "node_modules/game"));
  writeFileSync(path.join(service, "package.json"), JSON.stringify({ dependencies: { game: "workspace:*" } }));
  await changes("service/games.ts");
  writeFileSync(path.join(root, "service2/other.ts"), "");
  writeFileSync(path.join(root, "game/game.test.ts"), "");
  await changes("game/game.ts");
  expect(seen).toEqual(["service/rules.ts", "service/games.ts", "game/game.ts"]);
});
