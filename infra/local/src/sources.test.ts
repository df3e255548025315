import path from "node:path";
import { expect, it } from "vitest";
import { paths } from "./paths.ts";
import { SERVICES } from "./services.ts";
import { packagesOf } from "./sources.ts";

const usedBy = (service: string): string[] =>
  packagesOf(path.join(paths.root, "services", service)).map((folder) => path.relative(paths.root, folder));

it.each(SERVICES.map(({ name }) => name))("%s is made of itself, the contracts and packages", (name) => {
  const [own, ...used] = usedBy(name);
  expect(own).toBe(`services/${name}`);
  expect(used).toEqual(expect.arrayContaining(["contracts", "packages/runtime", "packages/log"]));
  expect(used.filter((folder) => folder !== "contracts" && !folder.startsWith("packages/"))).toEqual([]);
});

it("a game is part of the shard, and of no service that does not run it", () => {
  expect(usedBy("shard")).toContain("packages/game-duel");
  for (const name of ["edge-api", "identity-service", "chat-service", "realtime-gateway"])
    expect(usedBy(name)).not.toContain("packages/game-duel");
});
