// `prepack` of a package that leaves the workspace: compiles its sources to dist/, as JavaScript with declarations. In the workspace it runs
// from its sources; `publishConfig` in its package.json names the compiled files. Usage: build-package.ts, in the package's folder
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

/**
 * The compiler follows imports into other packages of the workspace, so all output has the layout of the workspace; only this package's is kept.
 * Tests stay here, and so does a new game's player.
 */
const CONFIG = {
  extends: path.join(root, "tsconfig.base.json"),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    sourceMap: true,
    inlineSources: true,
    rootDir: root,
    outDir: "out",
  },
  include: ["../src", "../gen", "../names"],
  exclude: ["../src/**/*.test.ts", "../src/play.ts"],
};

/** @returns whether it compiled */
function compile(home: string): boolean {
  const [work, dist] = [path.join(home, ".pack"), path.join(home, "dist")];
  for (const folder of [work, dist]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(work);
  try {
    writeFileSync(path.join(work, "tsconfig.json"), JSON.stringify(CONFIG));
    const done = spawnSync(path.join(root, "node_modules/.bin/tsc"), ["-p", work], { stdio: "inherit" });
    if (done.status !== 0) return false;
    const compiled = path.join(work, "out", path.relative(root, home));
    const from = existsSync(path.join(compiled, "src")) ? "src" : "";
    cpSync(path.join(compiled, from), dist, { recursive: true });
    for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
      if (file.endsWith(".d.ts")) rewriteImports(path.join(dist, file));
      if (file.endsWith(".js.map")) rewriteSources(path.join(dist, file), path.join(home, from, file));
    }
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The compiler rewrites imports in JavaScript, and leaves them in declarations. */
function rewriteImports(file: string): void {
  const text = readFileSync(file, "utf8");
  const rewritten = text.replaceAll(/((?:\bfrom |\bimport\()"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
  if (rewritten !== text) writeFileSync(file, rewritten);
}

/** Where the source was, seen from dist/: its text is in the map. */
function rewriteSources(file: string, source: string): void {
  const map = JSON.parse(readFileSync(file, "utf8")) as { sources: string[] };
  map.sources = [path.relative(path.dirname(file), source.replace(/\.js\.map$/, ".ts"))];
  writeFileSync(file, JSON.stringify(map));
}

function main(home: string): number {
  const manifest = path.join(home, "package.json");
  if (!existsSync(manifest) || !readFileSync(manifest, "utf8").includes('"publishConfig"')) {
    console.error("usage: build-package.ts, in the folder of a package whose package.json has publishConfig");
    return 2;
  }
  return compile(home) ? 0 : 1;
}

process.exitCode = main(process.cwd());
