// Every gRPC method that a service's code calls has a row: one without could not be called, which only the call itself would show.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { ChatService } from "@muster/contracts/chat/v2";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { DEPENDENCIES, type Dependencies, type Dependency, dependencyRows, nameOf, rowOf } from "@muster/resilience";
import { expect, it } from "vitest";

const CONTRACTS: Readonly<Record<string, DescService>> = {
  "identity-service": IdentityService,
  "match-service": MatchService,
  matchmaker: MatchmakingService,
  "chat-service": ChatService,
  "rating-service": RatingService,
  "replay-service": ReplayService,
  delivery: DeliveryService,
};
/** As services name the clients that they are given. */
const NAMES: Readonly<Record<string, RegExp>> = {
  "identity-service": /\bidentity(?:\.call)?\.(\w+)\(/g,
  "match-service": /\bmatch(?:es|Client)?(?:\.call)?\.(\w+)\(/g,
  matchmaker: /\bmatchmak(?:er|ing)(?:\.call)?\.(\w+)\(/g,
  "chat-service": /\b(?:chat|service)\.(\w+)\(/g,
  "rating-service": /\b(?:ratings?|service)(?:\.call)?\s*\.(\w+)\(/g,
  "replay-service": /\breplays?(?:\.call)?\.(\w+)\(/g,
  delivery: /\b(?:client|consumerOf\([^)]*\))\.(\w+)\(/g,
};
const root = path.join(import.meta.dirname, "../../../services");
const callers = Object.keys(DEPENDENCIES).filter((name) => readdirSync(root).includes(name));

/** With what asks on their behalf. */
function sourcesOf(service: string): string {
  const shared = ["edge-api", "realtime-gateway"].includes(service)
    ? textOf(path.join(root, "../packages/tokens/src"))
    : "";
  return textOf(path.join(root, service, "src")) + shared;
}

function textOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => readFileSync(path.join(folder, file), "utf8"))
    .join("\n");
}

it("every method that a service calls has a row in the dependency table, and every row has a method that is called", () => {
  const missing: string[] = [];
  const used = new Set<Dependency>();
  let found = 0;
  for (const caller of callers) {
    const source = sourcesOf(caller);
    const callees = DEPENDENCIES[caller as keyof typeof DEPENDENCIES] as Readonly<Record<string, Dependencies>>;
    for (const [name, contract] of Object.entries(CONTRACTS)) {
      const groups = Object.entries(callees)
        .filter(([callee]) => callee === name || callee.endsWith(`/${name}`) || callee.startsWith(`${name}/watchdog`))
        .map(([, rows]) => rows);
      if (groups.length === 0) continue;
      const called = new Set([...source.matchAll(NAMES[name] as RegExp)].map(([, method]) => method));
      for (const method of contract.methods.filter(({ localName }) => called.has(localName))) {
        found++;
        const rows = groups.flatMap((group) => rowOf(group, method) ?? []);
        if (rows.length === 0) missing.push(`${caller} → ${name}: ${method.name}`);
        for (const row of rows) used.add(row);
      }
    }
  }
  expect(missing).toEqual([]);
  const unary = dependencyRows().filter(({ kind }) => kind === "grpc unary");
  expect(unary.filter((row) => !used.has(row)).map(nameOf)).toEqual([]);
  expect(found).toBeGreaterThan(80);
});
