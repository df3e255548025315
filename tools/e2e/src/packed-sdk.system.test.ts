// The SDK as a web game outside of this workspace has it: packed, installed, type-checked, bundled, and run where players are.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { freePort } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { missingFrom } from "@muster/testkit/printed-lines";
import * as esbuild from "esbuild";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, reportOf } from "./browser.ts";
import { deliverEnded } from "./replayed.ts";
import { readSdkPage } from "./sdk-pages.ts";
import { startSystem, type System } from "./system.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-packed-"));
const consumer = path.join(folder, "game");
const installed = path.join(consumer, "node_modules/@muster");
const NAMES = ["client", "contracts", "game-duel", "game-four", "game-kit", "realtime"];
/** In the packages: each has a program, which the consumer compiles and runs. */
const JOBS = ["authenticate", "queue", "play", "predict", "spectate", "chat", "replays"];
const PAGES = [...JOBS.map((job) => `client/docs/${job}.md`), "game-kit/README.md", "contracts/README.md"];
/** Short matches, under the names that an installation has by default. */
const MODES = {
  duel: { game: "duel", seats: 2, options: {} },
  "duel-practice": { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 75 }, bots: { bot: "ace", afterS: 0 } },
  "duel-quick": { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 75 } },
};

interface Manifest {
  readonly name: string;
  readonly license: string;
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly dependencies?: Record<string, string>;
}

/** Nothing of the workspace is left in this: what is installed comes from the packed files, and from the registry. */
beforeAll(async () => {
  const { stdout } = await run("node", ["scripts/pack-sdk.ts", folder], { cwd: root });
  const files = stdout.trim().split("\n");
  const dependencies = Object.fromEntries(files.map((file) => [nameOf(file), `file:${file}`]));
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(NAMES.map((name) => `@muster/${name}`)));
  cpSync(path.join(import.meta.dirname, "../consumer"), consumer, { recursive: true });
  writeFileSync(
    path.join(consumer, "package.json"),
    JSON.stringify({ name: "game", version: "1.0.0", private: true, type: "module", dependencies }),
  );
  // The versions are not in a registry, so the packages' dependencies on each other go to the files too.
  writeFileSync(path.join(consumer, "pnpm-workspace.yaml"), JSON.stringify({ overrides: dependencies }));
  await run("pnpm", ["install", "--prefer-offline", "--no-frozen-lockfile", "--ignore-scripts"], { cwd: consumer });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function nameOf(file: string): string {
  return path.basename(file).replace(/^muster-(.+)-\d+\.\d+\.\d+.*\.tgz$/, "@muster/$1");
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(path.join(installed, name, "package.json"), "utf8")) as Manifest;
}

function filesOf(name: string): string[] {
  return readdirSync(path.join(installed, name), { recursive: true, encoding: "utf8" }).filter(
    (file) => !file.startsWith("node_modules"),
  );
}

/** The program of a page, which asks the server of `url`; and what it is to print. */
function pageAt(page: string, url: string): { readonly file: string; readonly prints: readonly string[] } {
  const { program, prints } = readSdkPage(path.join(installed, page), url);
  const file = path.join(consumer, "src", page.replaceAll("/", "-").replace(/md$/, "ts"));
  writeFileSync(file, program);
  return { file, prints };
}

describe.each(NAMES)("the package %s", (name) => {
  const read = (file: string): string => readFileSync(path.join(installed, name, file), "utf8");

  it("has a licence, and no source that Node would have to strip", () => {
    expect(manifestOf(name).license).toBe("Apache-2.0");
    expect(read("LICENSE")).toContain("Apache License");
    expect(filesOf(name).filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
  });

  it("has every file that it gives out, and refers to nothing of the workspace", () => {
    const text = read("package.json");
    for (const word of ["workspace:", "catalog:", "publishConfig", "/src/"]) expect(text).not.toContain(word);
    for (const target of Object.values(manifestOf(name).exports).flatMap((one) =>
      typeof one === "string" ? [one] : Object.values(one),
    ))
      expect(filesOf(name)).toContain(path.normalize(target));
  });

  it("imports only what it declares, and files that it has", () => {
    const { dependencies = {} } = manifestOf(name);
    for (const file of filesOf(name).filter((one) => /\.(js|d\.ts)$/.test(one)))
      for (const [, target = ""] of read(file).matchAll(/\b(?:from |import\()"([^"]+)"/g)) {
        if (target.startsWith("."))
          expect(filesOf(name), `${target} of ${file}`).toContain(path.join(path.dirname(file), target));
        else if (!builtinModules.includes(target.replace("node:", "")))
          expect(Object.keys(dependencies), `of ${file}`).toContain(/^(@[^/]+\/)?[^/]+/.exec(target)?.[0]);
      }
  });
});

describe("a game outside of the workspace", () => {
  it.each([
    ["TypeScript 5", "typescript-5/package.json"],
    ["TypeScript 7", "typescript/package.json"],
  ])(
    "compiles under strict with %s, with every entry of every package and the programs of their pages",
    async (_name, compiler) => {
      const entries = NAMES.flatMap((name) =>
        Object.entries(manifestOf(name).exports)
          .filter(([, target]) => typeof target !== "string")
          .map(([entry]) => path.posix.join(`@muster/${name}`, entry)),
      );
      expect(entries.length).toBeGreaterThan(15);
      const imports = entries.map((entry, i) => `export * as entry${i} from ${JSON.stringify(entry)};\n`);
      writeFileSync(path.join(consumer, "src/entries.ts"), imports.join(""));
      expect(readdirSync(path.join(installed, "client/docs")).toSorted()).toEqual(
        JOBS.map((job) => `${job}.md`).toSorted(),
      );
      for (const page of PAGES) pageAt(page, "http://127.0.0.1");
      const resolve = createRequire(path.join(root, "tools/e2e/package.json"));
      const bin = path.join(path.dirname(resolve.resolve(compiler)), "bin/tsc");
      const done = await run("node", [bin, "-p", consumer], { cwd: consumer }).catch((err: { stdout: string }) => err);
      expect(done.stdout).toBe("");
    },
  );
});

it("a bundle that only reads over REST has neither the game kit nor the realtime protocol in it", async () => {
  const contents =
    'import { RestClient } from "@muster/client"; console.log(new RestClient({ url: "http://localhost" }));';
  const { metafile } = await esbuild.build({
    ...ESBUILD,
    stdin: { contents, resolveDir: consumer },
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  expect(used.length).toBeGreaterThan(5);
  expect(used.map(([file]) => file).filter((file) => /game-kit|protobuf|prediction|match\.js/.test(file))).toEqual([]);
});

describeWithServers("a game outside of the workspace, against a real system", () => {
  let system: System;
  const [esbuildPort, vitePort] = [freePort(), freePort()];
  beforeAll(async () => {
    const origins = (await Promise.all([esbuildPort, vitePort])).map((port) => `http://127.0.0.1:${port}`);
    system = await startSystem({
      env: {
        EDGE_CORS_ORIGINS: JSON.stringify(origins),
        MATCHMAKER_MODES: JSON.stringify(MODES),
        GATEWAY_SPECTATOR_DELAY_MS: "300",
      },
    });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const played = {
    end: { kind: "ended", reason: "played", ticks: 75, stateHash: expect.any(String), seats: expect.any(Array) },
    hash: expect.any(String),
    historyState: "ended",
    refusal: "match_not_found",
  };

  it("plays in Node", async () => {
    await esbuild.build({ ...ESBUILD, bundle: false, entryPoints: ["src/node.ts", "src/play.ts"], outdir: "node" });
    const { stdout } = await run("node", ["node/node.js", system.url], { cwd: consumer });
    const report = JSON.parse(stdout) as { end: { stateHash: string }; hash: string };
    expect(report).toEqual(played);
    expect(report.hash).toBe(report.end.stateHash);
  });

  it.concurrent.each(PAGES)("does what %s shows, and prints what the page says", async (page) => {
    const { file, prints } = pageAt(page, system.url);
    const running = run("node", [file], { cwd: consumer, timeout: 50_000 });
    let delivered: Promise<unknown> | undefined;
    // There is no Kafka here, which would bring the match's end to replay-service.
    running.child.stdout?.on("data", (chunk: Buffer) => {
      const matchId = /^played (\S+)$/m.exec(chunk.toString())?.[1];
      if (matchId) delivered = deliverEnded(system, matchId);
    });
    const { stdout } = await running;
    await delivered;
    expect(missingFrom(stdout, prints), stdout).toBeUndefined();
  });

  it.skipIf(!CHROMIUM)("plays in a browser, bundled with esbuild", async () => {
    const { outputFiles } = await esbuild.build({ ...ESBUILD, entryPoints: ["src/page.ts"], write: false });
    expect(await reportOf(outputFiles[0]?.text ?? "", await esbuildPort, system.url)).toEqual(played);
  });

  it.skipIf(!CHROMIUM)("plays in a browser, bundled with Vite", async () => {
    const result = await viteBuild({
      root: consumer,
      logLevel: "warn",
      build: { write: false, target: "es2022", rolldownOptions: { input: path.join(consumer, "src/page.ts") } },
    });
    const [output] = [result].flat();
    if (!output || !("output" in output)) throw new Error("Vite watches");
    expect(await reportOf(output.output[0].code, await vitePort, system.url)).toEqual(played);
  });
});

const ESBUILD = {
  absWorkingDir: consumer,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
} satisfies esbuild.BuildOptions;
