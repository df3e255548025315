// Makes the uWebSockets.js addon loadable, as the `postinstall` of the workspace. The whole story in one place:
//
// - uWebSockets.js is not on npm under its own name. We install the republication `uwebsockets@3.0.6` under the
//   canonical name (pnpm-workspace.yaml, catalog). Its Linux x64 addon for Node 24 (ABI 137) is pinned by checksum.
//   Whoever reaches GitHub can switch to the authors' own build: in the catalog, write
//   `uWebSockets.js: github:uNetworking/uWebSockets.js#v20.64.0` and set MUSTER_UWS_UPSTREAM=1 for this script.
// - That addon was linked against glibc 2.38 for three C23 names of old functions (strtol, strtoul, strtoull). Where
//   glibc is older (Debian 12: 2.36), this script points those imports at the old names and marks the 2.38
//   requirement weak. No code changes; input and output are pinned by checksum. The file is replaced by rename, so
//   that the package store keeps the original.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const GLIBC_MIN = [2, 27] as const;
const GLIBC_LINKED = [2, 38] as const;
const ORIGINAL_SHA256 = "3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449";
const PATCHED_SHA256 = "b41f27a7270a4bb48a80dc6b5b3d68101eba1cbb9513b6ca16027866f16e5f0f";

const require = createRequire(new URL("../services/realtime-gateway/package.json", import.meta.url));

try {
  // An installation of other services only (an image of one) has no gateway to prepare it for.
  if (existsSync(new URL("../services/realtime-gateway/node_modules", import.meta.url))) prepare();
} catch (err) {
  const reason = err instanceof Error ? err.message : String(err);
  process.stderr.write(
    `\nMuster cannot use uWebSockets.js on this machine: ${reason}\n` +
      "The realtime gateway needs Linux x64 or arm64 (or macOS) with glibc 2.27 or newer and Node 24. Run Muster in a\n" +
      "container such as node:24-trixie, or see scripts/prepare-uws.ts for how to use the authors' own build.\n\n",
  );
  process.exitCode = 1;
}

function prepare(): void {
  if (!process.version.startsWith("v24.")) {
    throw new Error(
      `this is Node ${process.version}, but Node 24 is needed (run it through pnpm, which brings its own)`,
    );
  }
  const file = addonFile();
  const glibc = glibcVersion();
  const pinned = process.platform === "linux" && process.arch === "x64" && process.env["MUSTER_UWS_UPSTREAM"] !== "1";
  if (pinned) {
    const have = sha256(readFileSync(file));
    if (have !== ORIGINAL_SHA256 && have !== PATCHED_SHA256) {
      throw new Error(`its addon has the checksum ${have}, which is not a known one; it is not loaded`);
    }
    if (glibc && older(glibc, GLIBC_LINKED) && have === ORIGINAL_SHA256)
      replace(file, relinkedForOldGlibc(readFileSync(file)));
  }
  if (glibc && older(glibc, GLIBC_MIN)) throw new Error(`glibc is ${glibc.join(".")}`);
  require("uWebSockets.js"); // the proof: it loads
}

function addonFile(): string {
  const dir = path.dirname(require.resolve("uWebSockets.js/package.json"));
  return path.join(dir, `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`);
}

function glibcVersion(): [number, number] | undefined {
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const text = report.header.glibcVersionRuntime;
  if (text === undefined) {
    if (process.platform === "linux") throw new Error("its libc is not glibc (Alpine's musl does not work)");
    return undefined;
  }
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return [major, minor];
}

function older(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** Rewrites the dynamic symbol table of an ELF64 little-endian addon (System V ABI, "Symbol Versioning"). */
function relinkedForOldGlibc(elf: Buffer): Buffer {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1)
    throw new Error("its addon is not an ELF64 file");
  const u64 = (at: number): number => Number(elf.readBigUInt64LE(at));
  const [sectionsAt, sectionSize, sectionCount] = [u64(0x28), elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  const section = (type: number): { at: number; size: number; link: number } => {
    for (let i = 0; i < sectionCount; i++) {
      const at = sectionsAt + i * sectionSize;
      if (elf.readUInt32LE(at + 4) === type)
        return { at: u64(at + 0x18), size: u64(at + 0x20), link: elf.readUInt32LE(at + 0x28) };
    }
    throw new Error(`its addon has no section of type ${type}`);
  };
  const [symbols, versions, needs] = [section(11), section(0x6fffffff), section(0x6ffffffe)];
  const stringsAt = u64(sectionsAt + symbols.link * sectionSize + 0x18);
  const text = (at: number): string => elf.toString("latin1", stringsAt + at, elf.indexOf(0, stringsAt + at));

  let [newIndex, baseIndex] = [-1, -1];
  for (let need = needs.at, next = 1; next !== 0; need += next) {
    next = elf.readUInt32LE(need + 12);
    const [library, count] = [text(elf.readUInt32LE(need + 4)), elf.readUInt16LE(need + 2)];
    let aux = need + elf.readUInt32LE(need + 8);
    for (let i = 0; i < count; i++, aux += elf.readUInt32LE(aux + 12)) {
      const [name, index] = [text(elf.readUInt32LE(aux + 8)), elf.readUInt16LE(aux + 6)];
      if (library === "libc.so.6" && name === "GLIBC_2.2.5") baseIndex = index;
      if (library !== "libc.so.6" || name !== "GLIBC_2.38") continue;
      newIndex = index;
      elf.writeUInt16LE(elf.readUInt16LE(aux + 4) | 2, aux + 4); // VER_FLG_WEAK
    }
  }
  if (newIndex < 0 || baseIndex < 0) throw new Error("its addon does not have the expected glibc versions");

  for (let i = 0; i * 24 < symbols.size; i++) {
    const versionAt = versions.at + i * 2;
    if ((elf.readUInt16LE(versionAt) & 0x7fff) !== newIndex) continue;
    const nameAt = symbols.at + i * 24;
    const name = text(elf.readUInt32LE(nameAt));
    if (!/^__isoc23_strto(l|ll|ul|ull)$/.test(name)) throw new Error(`its addon needs ${name} of glibc 2.38`);
    elf.writeUInt32LE(elf.readUInt32LE(nameAt) + "__isoc23_".length, nameAt);
    elf.writeUInt16LE(baseIndex, versionAt);
  }
  if (sha256(elf) !== PATCHED_SHA256) throw new Error("relinking its addon gave an unexpected checksum");
  return elf;
}

function replace(file: string, contents: Buffer): void {
  writeFileSync(`${file}.tmp`, contents, { mode: 0o755 });
  renameSync(`${file}.tmp`, file);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
