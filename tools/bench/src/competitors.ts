// The competitors, each with its own load generator, started from copies of their programs.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { freePort, paths, waitForPort } from "@muster/local";
import { LOAD_CORE, lastJson, type Pinned, pinned, residentMib, SERVER_CORE } from "./processes.ts";
import type { Measured } from "./table.ts";

interface Work {
  readonly matches: number;
  readonly seconds: number;
}

/** Fixed in the competitors' programs. */
const RAW_PORT = 19_002;
const RAW_FRAME_BYTES = 34;
const READY_WITHIN_MS = 20_000;
const HOME = path.join(paths.home, "bench");

/** Undefined when the folder has none. */
export function findCompetitors(given: string | undefined): string | undefined {
  const folder = path.resolve(given ?? path.join(import.meta.dirname, "../competitors"));
  return existsSync(path.join(folder, "uws-limit")) && existsSync(path.join(folder, "colyseus")) ? folder : undefined;
}

export async function measureRawUws({ matches, seconds }: Work, competitors: string): Promise<Measured> {
  const folder = prepared("uws-limit", competitors);
  const players = matches * 2;
  const server = pinned(SERVER_CORE, "raw", paths.node, ["tickecho.cjs"], folder, process.env);
  try {
    await waitForPort(RAW_PORT, READY_WITHIN_MS);
    const load = pinned(
      LOAD_CORE,
      "raw load",
      paths.node,
      ["rawload.ts", String(players), String(seconds), String(server.child.pid)],
      folder,
      process.env,
    );
    await load.child.exited;
    const report = lastJson<{ us: string; msgs: string; load: string }>(load.lines);
    return {
      name: "raw uWebSockets.js",
      players,
      cpuUsPerPlayerTick: Number(report.us),
      snapshotsPerS: Number(report.msgs),
      bytesPerSnapshot: RAW_FRAME_BYTES,
      tickLateMsP99: undefined,
      inputToAckMsP99: undefined,
      residentMib: residentMib(server.child.pid),
      loadCpuPercent: Number(report.load),
    };
  } finally {
    await server.child.stop();
  }
}

export async function measureColyseus({ matches, seconds }: Work, competitors: string): Promise<Measured> {
  const folder = prepared("colyseus", competitors);
  const port = await freePort();
  const env = { ...process.env, TRANSPORT: "uws", PORT: String(port) };
  const server = pinned(SERVER_CORE, "colyseus", paths.node, ["server.ts"], folder, env);
  try {
    await waitForPort(
      port,
      READY_WITHIN_MS,
      () => server.child.ended && `Colyseus ${server.child.ended}:\n${server.lines.join("\n")}`,
    );
    const load = pinned(
      LOAD_CORE,
      "colyseus load",
      paths.node,
      ["load.ts", String(matches), String(seconds), String(server.child.pid)],
      folder,
      env,
    );
    await load.child.exited;
    const report = lastJson<{
      usPerPlayerTick: string;
      inMsgsPerPlayerSec: string;
      bytesPerMsg: string;
      loadCpuPct: string;
    }>(load.lines);
    return {
      name: "Colyseus 0.18 on uWS",
      players: matches * 2,
      cpuUsPerPlayerTick: Number(report.usPerPlayerTick),
      snapshotsPerS: Number(report.inMsgsPerPlayerSec),
      bytesPerSnapshot: Number(report.bytesPerMsg),
      tickLateMsP99: worstLateness(server),
      inputToAckMsP99: undefined,
      residentMib: residentMib(server.child.pid),
      loadCpuPercent: Number(report.loadCpuPct),
    };
  } finally {
    await server.child.stop();
  }
}

/** It prints the p99 of every five seconds; the last whole one falls into the measured time. */
function worstLateness(server: Pinned): number | undefined {
  const reports = server.lines
    .filter((line) => line.startsWith("{"))
    .map((line) => Number((JSON.parse(line) as { lateP99: string }).lateP99));
  return reports.at(-1);
}

/** A copy with its packages installed, and with the addon that our own set-up has made loadable. */
export function prepared(name: string, competitors: string): string {
  const folder = path.join(HOME, name);
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(competitors, name), folder, { recursive: true });
  const manifest = path.join(folder, "package.json");
  if (!existsSync(manifest)) cpSync(path.join(competitors, "colyseus/package.json"), manifest);
  if (!existsSync(path.join(folder, "node_modules/uWebSockets.js"))) {
    console.log(`installing dependencies of ${name}`);
    const install = spawnSync("npm", ["install", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (install.status !== 0) throw new Error(`npm install for ${name} failed:\n${install.stderr}`);
  }
  const ours = path.dirname(
    createRequire(path.join(paths.root, "services/realtime-gateway/package.json")).resolve(
      "uWebSockets.js/package.json",
    ),
  );
  const addon = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  for (const copy of ["uWebSockets.js", "uwebsockets"]) {
    if (existsSync(path.join(folder, "node_modules", copy)))
      cpSync(path.join(ours, addon), path.join(folder, "node_modules", copy, addon), { force: true });
  }
  return folder;
}
