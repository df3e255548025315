// What a service is made of: its own source and that of every package it uses, through others too. What it does not use may change beside it.
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Folders of packages of this workspace, `root` being the first. */
export function packagesOf(root: string): readonly string[] {
  const found = new Set<string>();
  const add = (folder: string): void => {
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as PackageJson;
    for (const [name, version] of Object.entries(dependencies))
      if (version.startsWith("workspace:")) add(realpathSync(path.join(folder, "node_modules", name)));
  };
  add(realpathSync(root));
  return [...found];
}
