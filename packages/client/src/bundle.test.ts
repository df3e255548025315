// The size of the SDK in a web game's bundle.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { beforeAll, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../../..");
/** With a tenth of room; 125,600 and 39,300 when it was written. */
const BYTES_MAX = 138_000;
const GZIPPED_MAX = 43_000;
/** 22,000 when it was written: only REST. */
const REST_BYTES_MAX = 26_000;
const PARTS =
  /^(packages\/(client|game-kit|realtime)\/src\/|contracts\/gen\/client\/realtime\/v1_pb\.ts$|(@bufbuild\/protobuf|@noble\/hashes)\/)/;
const PAGE = "packages/client/src/page.ts";

interface Bundle {
  readonly code: string;
  readonly modules: readonly string[];
}

/** What a bundler makes of a page with this script. */
async function bundled(script: string): Promise<Bundle> {
  const bundle = await rolldown({
    input: "page",
    platform: "browser",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === "page" ? path.join(import.meta.dirname, "page.ts") : null),
        load: (id) => (id.endsWith("/page.ts") ? script : null),
      },
    ],
  });
  const [{ code, modules }, ...others] = (await bundle.generate({ format: "esm", minify: true })).output;
  await bundle.close();
  expect(others).toEqual([]);
  const used = Object.entries(modules).filter(([id, { renderedLength }]) => renderedLength > 0 && !id.startsWith("\0"));
  return {
    code,
    modules: used.map(([id]) => path.relative(root, id).replace(/^.*node_modules\//, "")).filter((id) => id !== PAGE),
  };
}

let code: string;
let modules: readonly string[];
beforeAll(async () => {
  ({ code, modules } = await bundled('export * from "./index.ts";'));
});

it("is no larger than it was", () => {
  expect(Buffer.byteLength(code)).toBeLessThan(BYTES_MAX);
  expect(gzipSync(code).length).toBeLessThan(GZIPPED_MAX);
});

it("has the realtime contract in it, and no rules, no other contract and nothing of a service", () => {
  expect(modules.filter((id) => !PARTS.test(id))).toEqual([]);
  expect(modules).toContain("contracts/gen/client/realtime/v1_pb.ts");
  // Descriptors are in there as base64.
  const descriptors = [...code.matchAll(/[`"']([A-Za-z0-9+/]{100,}={0,2})[`"']/g)].map(([, text]) =>
    atob(text as string),
  );
  const text = [code, ...descriptors].join("\n");
  expect(text).toContain("realtime.v1");
  for (const name of [
    "buf.validate",
    "identity.v2",
    "match.v2",
    "chat.v2",
    "matchmaking.v2",
    "realtime.link",
    "SetRole",
  ])
    expect(text).not.toContain(name);
});

it("leaves out what a page does not use", async () => {
  const using = (name: string): Promise<Bundle> => bundled(`export { ${name} } from "./index.ts";`);
  const [rest, playing] = await Promise.all([using("RestClient"), using("MusterClient")]);
  const of = ({ modules: ids }: Bundle, part: RegExp): string[] => ids.filter((id) => part.test(id));
  expect(of(rest, /game-kit|protobuf|contracts|prediction|smoothing|realtime\.ts|match\.ts|socket/)).toEqual([]);
  expect(Buffer.byteLength(rest.code)).toBeLessThan(REST_BYTES_MAX);
  expect(of(playing, /prediction|smoothing|server-clock|replay\/|game-kit\/src\/log/)).toEqual([]);
  expect(of(playing, /client\/src\/realtime\.ts/)).toHaveLength(1);
});

it("gives out what index.ts names, and no file beside it", () => {
  const { exports } = JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as {
    exports: object;
  };
  expect(Object.keys(exports)).toEqual(["."]);
});
