// Builds base images from Debian's packages, so no image registry is needed.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { command } from "./command.ts";
import type { Engine } from "./engine.ts";

/** For our images; uWebSockets.js needs its glibc. */
export const BASE = "localhost/muster-base:trixie";
const MARIADB_BASE = "localhost/muster-base:bookworm";
/** The name by which compose and the manifests call it. */
export const MARIADB = "docker.io/library/mariadb:10.11";

const WITHIN_MS = 900_000;
/** As the slim images of Debian. */
const SLIM = [
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/locale/*",
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
];

export async function makeBases(engine: Engine): Promise<void> {
  await makeBase(engine, "trixie", BASE);
  await makeBase(engine, "bookworm", MARIADB_BASE);
  if (!(await engine.exists("image", MARIADB)))
    console.log("  building a replacement for mariadb:10.11 from Debian's packages");
  const folder = path.join(import.meta.dirname, "../mariadb");
  await engine.podman(["build", "--quiet", "--build-arg", `BASE=${MARIADB_BASE}`, "--tag", MARIADB, folder], WITHIN_MS);
}

async function makeBase(engine: Engine, suite: string, image: string): Promise<void> {
  if (await engine.exists("image", image)) return;
  console.log(`  building ${image} with mmdebstrap`);
  const archive = path.join(engine.folder, `${suite}.tar`);
  const options = SLIM.map((option) => `--dpkgopt=${option}`);
  await command("mmdebstrap", ["--variant=minbase", ...options, suite, archive, "http://deb.debian.org/debian"], {
    withinMs: WITHIN_MS,
  });
  await engine.podman(["import", "--quiet", archive, image], WITHIN_MS);
  rmSync(archive);
}

/**
 * `podman build` options with which npm and pnpm trust what this machine trusts, where its way to the registry has a certificate of its own. Mounted
 * while building: nothing of it gets into an image.
 */
export function trustOptions(engine: Engine): string[] {
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  if (!certificates || !existsSync(certificates)) return [];
  const npmrc = path.join(engine.folder, "npmrc");
  writeFileSync(npmrc, "cafile=/run/build-certificates.crt\n");
  return ["--volume", `${certificates}:/run/build-certificates.crt:ro`, "--volume", `${npmrc}:/root/.npmrc:ro`];
}
