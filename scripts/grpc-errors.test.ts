import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "..");
const PAGE = readFileSync(path.join(ROOT, "contracts/services/ERRORS.md"), "utf8");

/** `service code`: its status, by the rows of the page. */
function codesOfPage(): Map<string, string> {
  const found = new Map<string, string>();
  let service = "";
  for (const [, name = "", codes = "", status = ""] of PAGE.matchAll(/^\| (\w*) ?\| (`[^|]+`) \| ([A-Z_]+) \|$/gm)) {
    service = name || service;
    for (const [, code] of codes.matchAll(/`(\w+)`/g)) found.set(`${service} ${code}`, status.toLowerCase());
  }
  return found;
}

it("the page on gRPC lists every code of every service, with its status, and no other", async () => {
  const page = codesOfPage();
  for (const service of ["identity", "chat", "match"]) {
    const { ERRORS } = (await import(path.join(ROOT, `services/${service}-service/src/errors.ts`))) as {
      ERRORS: Readonly<Record<string, { readonly grpc: string }>>;
    };
    const own = Object.entries(ERRORS).filter(([code]) => !["busy", "invalid_request"].includes(code)); // in the row of all services
    const listed = [...page].filter(([key]) => key.startsWith(`${service} `));
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(own.map(([code, { grpc }]) => [`${service} ${code}`, grpc])),
    );
  }
});
