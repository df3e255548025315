// `pnpm new:game NAME [--turns]`: a game of your own that runs, as packages/game-NAME, with a queue of the same name. What it writes is a
// start: two runners, and whoever runs more wins; or, in turns, sticks of which whoever takes the last one wins.
// Usage: new-game.ts NAME [--turns] [--no-install]
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const TEMPLATES = path.join(import.meta.dirname, "new-game");
const MODES = "packages/modes";
const GAMES = `${MODES}/src/games.ts`;
/** As contracts and tables have it. */
const NAME_CHARS_MAX = 32;
const FILES = ["game.ts", "game.test.ts", "play.ts"] as const;
type Template = (typeof FILES)[number];

/** `clock`: a game with a tick rate; `turns`: one that steps when a player moves. */
type Kind = "clock" | "turns";

/** One of the files that a game begins with. */
function gameFile(kind: Kind, template: Template, id: string): string {
  return templateOf(kind, template).replaceAll("${IDENT}", identifierOf(id)).replaceAll("${ID}", id);
}

function identifierOf(id: string): string {
  return id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function templateOf(kind: Kind, template: Template): string {
  return readFileSync(path.join(TEMPLATES, kind, `${template}.template`), "utf8");
}

/** A name of JavaScript's own, or one that the files use for something else, would make files that do not compile, or that do something else. */
function isTaken(kind: Kind, ident: string): boolean {
  try {
    new Function(`"use strict"; const ${ident} = 0;`); // oxlint-disable-line no-new-func, typescript/no-implied-eval -- the name is letters and digits
  } catch {
    return true;
  }
  // Only modules may not use this one. Properties do not count.
  const used = new RegExp(`(?<![.\\w])${ident}(?!\\w|\\s*:)`);
  return ident === "await" || ident === "undefined" || FILES.some((file) => used.test(codeOf(templateOf(kind, file))));
}

/** Without comments and texts. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\/.*|"[^"\n]*"/g, "");
}

/** @throws Error when there is such a game, or it cannot have this name */
function addGame(kind: Kind, id: string): void {
  const folder = `packages/game-${id}`;
  if (existsSync(folder)) throw new Error(`${folder} already exists`);
  if (isTaken(kind, identifierOf(id)))
    throw new Error(
      `${id} means something else in TypeScript, or in the files that a game begins with: choose another name`,
    );
  if (readFileSync(GAMES, "utf8").includes(`{ ${identifierOf(id)} }`))
    throw new Error(`${identifierOf(id)}, which ${id} is in TypeScript, is another game already: choose another name`);
  if (readFileSync(`${MODES}/src/index.ts`, "utf8").includes(`"${id}":`))
    throw new Error(`there is a queue of that name`);
  const manifest = withDependency(readFileSync(`${MODES}/package.json`, "utf8"), id);
  mkdirSync(`${folder}/src`, { recursive: true });
  writeFileSync(`${folder}/package.json`, `${JSON.stringify(manifestOf(id), undefined, 2)}\n`);
  writeFileSync(`${folder}/tsconfig.json`, '{ "extends": "../../tsconfig.base.json", "include": ["src"] }\n');
  writeFileSync(`${folder}/src/${id}.ts`, gameFile(kind, "game.ts", id));
  writeFileSync(`${folder}/src/${id}.test.ts`, gameFile(kind, "game.test.ts", id));
  writeFileSync(`${folder}/src/play.ts`, gameFile(kind, "play.ts", id));
  writeFileSync(`${MODES}/package.json`, manifest);
  appendFileSync(GAMES, `export { ${identifierOf(id)} } from ${JSON.stringify(`@muster/game-${id}`)};\n`);
}

function manifestOf(id: string): object {
  return {
    name: `@muster/game-${id}`,
    version: "0.0.0",
    description: "A game.",
    private: true,
    type: "module",
    sideEffects: false,
    files: ["dist"],
    exports: { ".": `./src/${id}.ts` },
    // For `pnpm pack:sdk`: a web game outside of this workspace installs its game like the SDK.
    publishConfig: { exports: { ".": { types: `./dist/${id}.d.ts`, default: `./dist/${id}.js` } } },
    scripts: {
      prepack: "node ../../scripts/build-package.ts",
      postpack: "rm -rf dist",
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

function main(words: readonly string[]): number {
  const [id, ...rest] = words;
  if (
    id === undefined ||
    !NAME.test(id) ||
    id.length > NAME_CHARS_MAX ||
    rest.some((word) => word !== "--turns" && word !== "--no-install")
  ) {
    console.error(
      "usage: pnpm new:game NAME [--turns]      at most 32 lower-case letters, digits and hyphens: race, tug-of-war",
    );
    return 2;
  }
  try {
    addGame(rest.includes("--turns") ? "turns" : "clock", id);
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
  console.log(`packages/game-${id} was created, and ${GAMES} has a line for it: a queue of that name.`);
  if (rest.includes("--no-install")) return 0;
  const installed = spawnSync("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"], { stdio: "inherit" });
  if (installed.status === 0)
    console.log(`\nTest it: pnpm exec vitest run packages/game-${id}. Play it: design/howto/write-a-game.md`);
  return installed.status ?? 1;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
