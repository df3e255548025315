// The test vectors, read by decoders in other languages that use nothing of ours but contracts/.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { godot, hasGodot } from "./godot.ts";
import { hasPython, python } from "./python.ts";
import type { ScriptRun } from "./script-run.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../../contracts/realtime/golden/${name}`, import.meta.url));
const FILE = golden("vectors.json");

interface Vectors {
  vectors: { name: string; frames: { frame: string; hash?: string }[] }[];
}

const DECODERS = [
  { language: "Python", here: hasPython, read: (file: string) => python("vectors.py", file) },
  { language: "GDScript", here: hasGodot, read: (file: string) => godot("vectors.gd", file) },
];

for (const { language, here, read } of DECODERS)
  describe.skipIf(!here)(`a decoder in ${language}`, () => decodes(read));

function decodes(read: (file: string) => Promise<ScriptRun>): void {
  it("reads every test vector as the kit does", async () => {
    const { status, lines, stderr } = await read(FILE);
    expect({ status, stderr, differences: lines[0]?.["differences"] }).toEqual({
      status: 0,
      stderr: "",
      differences: [],
    });
    expect(lines[0]?.["frames"]).toBeGreaterThan(100);
  });

  it("reads and writes every message as the SDK's codec does", async () => {
    const { status, lines, stderr } = await read(golden("messages.json"));
    expect({ status, stderr, differences: lines[0]?.["differences"] }).toEqual({
      status: 0,
      stderr: "",
      differences: [],
    });
    expect(lines[0]?.["frames"]).toBeGreaterThan(50);
  });

  it("would notice any bit of a delta that is another", async () => {
    const { vectors } = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;
    const wide = must(vectors.find(({ name }) => name === "wide"));
    const last = must(wide.frames.at(-1));
    // Behind type and tick; up to the group of the generator, which may say in two ways that nothing has changed.
    const bits = Array.from({ length: 57 }, (_, i) => 16 + i);
    const changed = bits.map((bit) => {
      const bytes = Buffer.from(last.frame, "hex");
      bytes[bit >> 3] = must(bytes[bit >> 3]) ^ (1 << (bit & 7));
      return {
        ...wide,
        name: `bit ${bit}`,
        frames: [...wide.frames.slice(0, -1), { ...last, frame: bytes.toString("hex") }],
      };
    });
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-vectors-"));
    try {
      writeFileSync(path.join(folder, "changed.json"), JSON.stringify({ vectors: changed }));
      const { lines, stderr } = await read(path.join(folder, "changed.json"));
      expect(stderr).toBe("");
      const told = (must(lines[0])["differences"] as string[]).map((text) => text.split(":")[0]);
      expect([...new Set(told)]).toEqual(changed.map(({ name }) => name));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}
