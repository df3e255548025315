// The files that tests should cover: code that runs in production, without tests and test support.
import { globSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const PACKAGES = ["services/*", "packages/*", "infra/local", "tools/migrate"];
const LEFT_OUT = new Set(["packages/testkit"]);
const IS_FOR_TESTS = /(?:\.test|\.setup|\/testing)\.ts$|\.d\.ts$/;

/** Absolute paths by package, as `services/shard`. */
export function sourcesByPackage(): ReadonlyMap<string, readonly string[]> {
  const folders = globSync(PACKAGES, { cwd: ROOT }).filter((folder) => !LEFT_OUT.has(folder));
  const found = folders.toSorted().map((folder) => {
    const files = globSync(`${folder}/src/**/*.ts`, { cwd: ROOT }).filter((file) => !IS_FOR_TESTS.test(file));
    return [folder, files.toSorted().map((file) => path.join(ROOT, file))] as const;
  });
  return new Map(found.filter(([, files]) => files.length > 0));
}

export function relative(file: string): string {
  return path.relative(ROOT, file);
}
