import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { packages } from "./pack-sdk.ts";

// The contracts' documents are Muster's own, and name its design; these are for whoever has nothing but the package.
it("what explains a packed package links to nothing that is not packed with it", () => {
  const found = packages().flatMap(({ home }) =>
    globSync(["README.md", "docs/*.md"], { cwd: home }).flatMap((file) => {
      const at = path.join(home, file);
      const links = [...readFileSync(at, "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
        (match) => match[1] as string,
      );
      const read = links.map((link) => path.resolve(path.dirname(at), link));
      return read.map((to) => ({ at, to, isInside: to.startsWith(`${home}${path.sep}`) && existsSync(to) }));
    }),
  );
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter(({ at, isInside }) => !isInside && !at.includes("/contracts/"))).toEqual([]);
});
