// The sources of a service: its own and those of all packages that it uses, directly or indirectly. A change of any other
// source does not restart it.
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
