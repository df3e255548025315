// Builds the player's page (services/web) when its sources have changed since the last build. Each build has a folder of its own, named
// by its sources: several processes may want it at once, and an ingress that runs keeps the one that it was started with.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { paths } from "./paths.ts";

const BUILD_WITHIN_MS = 120_000;
/** Builds that are kept beside the newest: of systems that still run. */
const KEPT = 3;
/** What goes into the page beside its own folder, from the root of the checkout. */
const SOURCES = ["packages", "contracts", "pnpm-lock.yaml"];
const NOT_SOURCES = /(^|\/)(node_modules|dist|test)$|\.test\.tsx?$/;

/** The folder of the page, or undefined: then edge-api answers every path, which is said. */
export async function pageFor(
  legacyUrl: string | undefined,
  say: (text: string) => void,
  build: typeof builtPage = builtPage,
): Promise<string | undefined> {
  // Its pages are still the players' own, and ours would hide them: each path that a browser asks for.
  if (legacyUrl && legacyUrl !== "none") {
    say("there is no page: EDGE_LEGACY_URL names a v1.5, whose pages players see");
    return undefined;
  }
  try {
    return await build(say);
  } catch (err) {
    // The system runs without its page: a game that does not compile takes nothing else away.
    say(`there is no page: ${(err as Error).message}`);
    return undefined;
  }
}

/** @returns the folder with index.html. @throws Error with what Vite said */
export async function builtPage(say: (text: string) => void = () => undefined): Promise<string> {
  const builds = path.join(paths.web, "dist");
  const folder = path.join(builds, hashOfSources());
  if (existsSync(folder)) return folder;
  say("building the player's page");
  const making = `${folder}.${process.pid}`;
  const vite = path.join(paths.web, "node_modules/vite/bin/vite.js");
  try {
    await promisify(execFile)(paths.node, [vite, "build", "--outDir", making, "--emptyOutDir", "--logLevel", "warn"], {
      cwd: paths.web,
      timeout: BUILD_WITHIN_MS,
    });
  } catch (err) {
    rmSync(making, { recursive: true, force: true });
    throw new Error(`the player's page could not be built: ${(err as { stderr?: string }).stderr || String(err)}`, {
      cause: err,
    });
  }
  if (existsSync(folder))
    rmSync(making, { recursive: true }); // another process was faster
  else renameSync(making, folder);
  removeOld(builds);
  return folder;
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const source of [paths.web, ...SOURCES.map((name) => path.join(paths.root, name))])
    for (const file of filesIn(source)) hash.update(`${path.relative(paths.root, file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

function filesIn(at: string): string[] {
  if (NOT_SOURCES.test(at)) return [];
  if (!statSync(at).isDirectory()) return [at];
  return readdirSync(at)
    .toSorted()
    .flatMap((name) => filesIn(path.join(at, name)));
}

function removeOld(builds: string): void {
  const age = (name: string): number => statSync(path.join(builds, name)).mtimeMs;
  const whole = readdirSync(builds).filter((name) => !name.includes("."));
  for (const name of whole.toSorted((a, b) => age(b) - age(a)).slice(KEPT + 1))
    rmSync(path.join(builds, name), { recursive: true, force: true });
}
