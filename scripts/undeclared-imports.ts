// What a service or a package loads at run time must be among its dependencies: its image has no devDependencies, so an import of one of
// those starts everywhere but there.
import { readFileSync } from "node:fs";
import path from "node:path";

const SHIPPED = /^(packages|services)\/[^/]+\/src\/(?!.*(?:\.test|\.setup)\.tsx?$).*\.tsx?$/;
/** Imports and re-exports of values, side effects, and `import()`. */
const IMPORTS = [/^(?:import|export)\s+(?!type\b)(?:[\w*{][^;"'=]*?\sfrom\s+)?"([^"]+)"/gm, /\bimport\("([^"]+)"\)/g];

/** `files`: from the project's root. */
export function undeclaredImports(
  files: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, "utf8"),
): string[] {
  const problems: string[] = [];
  for (const file of files.filter((one) => SHIPPED.test(one))) {
    const home = path.posix.join(...(file.split("/").slice(0, 2) as [string, string]));
    const { name, dependencies = {} } = JSON.parse(read(`${home}/package.json`)) as {
      readonly name: string;
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    const source = read(file);
    const imported = new Set(
      IMPORTS.flatMap((one) => [...source.matchAll(one)].map(([, from]) => packageOf(from as string))),
    );
    for (const one of imported)
      if (one !== undefined && one !== name && !(one in dependencies))
        problems.push(`${file} imports ${one}, which is not among the dependencies in ${home}/package.json`);
  }
  return problems;
}

/** Undefined for a file, and for what Node has. */
function packageOf(from: string): string | undefined {
  if (from.startsWith(".") || from.startsWith("node:")) return undefined;
  return from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
}
