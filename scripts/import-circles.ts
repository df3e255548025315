// Files that import each other, directly or by way of others, types included: none of them can be read, moved or tested first.
import { readFileSync } from "node:fs";
import path from "node:path";

/** Each circle once, from one of its files back to it; tests import freely. `files`: TypeScript, from the project's root. */
export function importCircles(
  files: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, "utf8"),
): string[][] {
  const sources = files.filter((file) => !file.endsWith(".test.ts"));
  const imports = new Map(sources.map((file) => [file, relativeImports(file, read(file))]));
  const circles: string[][] = [];
  const done = new Set<string>();
  const follow = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) return void circles.push([...way.slice(at), file]);
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) follow(next, [...way, file]);
    done.add(file);
  };
  for (const file of sources) follow(file, []);
  return circles;
}

function relativeImports(file: string, source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"/gm)].map(([, name]) =>
    path.normalize(path.join(path.dirname(file), name as string)),
  );
}
