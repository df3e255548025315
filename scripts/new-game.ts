// `pnpm new:game NAME`: a game of your own that runs, as packages/game-NAME, with a queue of the same name. What it writes is a
// start: two runners, and whoever runs more wins. Usage: new-game.ts NAME [--no-install]
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const TEMPLATES = path.join(import.meta.dirname, "new-game");
const MODES = "packages/modes";

/** One of the files that a game begins with. */
export function gameFile(template: "game.ts" | "game.test.ts" | "play.ts", id: string): string {
  const text = readFileSync(path.join(TEMPLATES, `${template}.template`), "utf8");
  return text.replaceAll("${IDENT}", identifierOf(id)).replaceAll("${ID}", id);
}

function identifierOf(id: string): string {
  return id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** @throws Error when there is such a game, or packages/modes is not as it was found here */
function addGame(id: string): void {
  const folder = `packages/game-${id}`;
  if (existsSync(folder)) throw new Error(`${folder} already exists`);
  const manifest = withDependency(readFileSync(`${MODES}/package.json`, "utf8"), id);
  const modes = withMode(readFileSync(`${MODES}/src/index.ts`, "utf8"), id);
  mkdirSync(`${folder}/src`, { recursive: true });
  writeFileSync(`${folder}/package.json`, `${JSON.stringify(manifestOf(id), undefined, 2)}\n`);
  writeFileSync(`${folder}/tsconfig.json`, '{ "extends": "../../tsconfig.base.json", "include": ["src"] }\n');
  writeFileSync(`${folder}/src/${id}.ts`, gameFile("game.ts", id));
  writeFileSync(`${folder}/src/${id}.test.ts`, gameFile("game.test.ts", id));
  writeFileSync(`${folder}/src/play.ts`, gameFile("play.ts", id));
  writeFileSync(`${MODES}/package.json`, manifest);
  writeFileSync(`${MODES}/src/index.ts`, modes);
}

function manifestOf(id: string): object {
  return {
    name: `@muster/game-${id}`,
    version: "0.0.0",
    description: "A game.",
    private: true,
    type: "module",
    exports: { ".": `./src/${id}.ts` },
    scripts: {
      test: `vitest run --root ../.. packages/game-${id}/`,
      typecheck: "tsc --noEmit -p tsconfig.json",
    },
    dependencies: { "@muster/game-kit": "workspace:*" },
    devDependencies: { "@muster/client": "workspace:*" }, // play.ts only
  };
}

function withDependency(text: string, id: string): string {
  const manifest = JSON.parse(text) as { dependencies: Record<string, string> };
  const all = { ...manifest.dependencies, [`@muster/game-${id}`]: "workspace:*" };
  manifest.dependencies = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function withMode(text: string, id: string): string {
  const ident = identifierOf(id);
  const game = id === ident ? id : `"${id}"`;
  const steps: readonly [RegExp, string][] = [
    [/^import type \{ Game,/m, `import { ${ident} } from ${JSON.stringify(`@muster/game-${id}`)};\n$&`],
    [/^(const ALL: readonly Game\[\] = \[.*)\];$/m, `$1, ${ident} as unknown as Game];`],
    [/^(export const DEFAULT_MODES[^]*?)^\};$/m, `$1  ${game}: { game: "${id}", seats: 2, options: {} },\n};`],
  ];
  return steps.reduce((before, [where, what]) => {
    const after = before.replace(where, what);
    if (after === before) throw new Error(`${MODES}/src/index.ts has no ${where.source}: add the game by hand`);
    return after;
  }, text);
}

function main(words: readonly string[]): number {
  const [id, ...rest] = words;
  if (id === undefined || !NAME.test(id) || rest.some((word) => word !== "--no-install")) {
    console.error("usage: pnpm new:game NAME      lower-case letters, digits and hyphens: race, tug-of-war");
    return 2;
  }
  try {
    addGame(id);
  } catch (err) {
    console.error(`new-game: ${(err as Error).message}`);
    return 1;
  }
  const format = spawnSync(path.resolve("node_modules/.bin/biome"), [
    "format",
    "--write",
    `packages/game-${id}`,
    MODES,
  ]);
  if (format.status !== 0) console.error("new-game: could not format the new files: run pnpm format");
  console.log(`packages/game-${id} was created, and ${MODES} has a game and a queue of that name.`);
  if (rest.length > 0) return 0;
  const installed = spawnSync("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"], { stdio: "inherit" });
  if (installed.status === 0)
    console.log(`\nTest it: pnpm exec vitest run packages/game-${id}. Play it: README.md, "Write a game".`);
  return installed.status ?? 1;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
