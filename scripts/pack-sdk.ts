// `pnpm pack:sdk [FOLDER]`: packs everything that a game outside of this workspace installs: the SDK, the game kit, the contracts, and the games
// of this workspace, each as a .tgz in FOLDER (.muster/sdk by default). Prints their paths.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly publishConfig?: object;
}

/** The packages that leave the workspace: their package.json says what a package.json outside has to say instead. */
export function packages(): { home: string; manifest: Manifest }[] {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*/package.json"], { cwd: root });
  return files
    .toString()
    .split("\n")
    .filter((file) => file !== "")
    .map((file) => ({
      home: path.join(root, path.dirname(file)),
      manifest: JSON.parse(readFileSync(path.join(root, file), "utf8")) as Manifest,
    }))
    .filter(({ manifest }) => manifest.publishConfig);
}

/** @returns the path of each package's .tgz, by its name. @throws Error when one cannot be packed */
export async function packSdk(folder: string): Promise<Record<string, string>> {
  mkdirSync(folder, { recursive: true });
  const packed = await Promise.all(
    packages().map(async ({ home, manifest: { name, version } }) => {
      await pack(home, folder);
      const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
      return [name, path.join(path.resolve(folder), file)] as const;
    }),
  );
  return Object.fromEntries(packed);
}

async function pack(home: string, folder: string): Promise<void> {
  const child = spawn("pnpm", ["pack", "--pack-destination", path.resolve(folder)], { cwd: home });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) throw new Error(`${path.basename(home)} cannot be packed:\n${said}`);
}

async function main([folder = path.join(root, ".muster/sdk"), ...more]: readonly string[]): Promise<number> {
  if (more.length > 0 || folder.startsWith("-")) {
    console.error("usage: pnpm pack:sdk [FOLDER]");
    return 2;
  }
  for (const file of Object.values(await packSdk(folder))) console.log(file);
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
