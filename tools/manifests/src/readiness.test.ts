import { describe, expect, it } from "vitest";
import { OVERLAYS } from "./check.ts";
import { ANSWERS, healthProblems, readinessProblems } from "./readiness.ts";
import { type Manifest, render } from "./render.ts";

const base = render("base");

/** The base, in which these workloads are ready by another path. */
function readyBy(paths: Readonly<Record<string, string>>, probe = "readinessProbe"): Manifest[] {
  const copy = structuredClone(base) as any[];
  for (const { kind, metadata, spec } of copy)
    if (kind !== "Service" && paths[metadata.name] && spec?.template)
      spec.template.spec.containers[0][probe].httpGet.path = paths[metadata.name];
  return copy;
}

describe("readiness", () => {
  it.each(OVERLAYS)("goes round nowhere in %s, and waits for nobody", (overlay) => {
    expect(readinessProblems(render(overlay))).toEqual([]);
  });

  it("is seen to go round when the matchmaker waits for shards that reach it by a Service without unready pods", () => {
    expect(readinessProblems(readyBy({ matchmaker: "/statusz" }))).toEqual([
      "readiness goes round: matchmaker → matchmaker /statusz → matchmaker",
    ]);
    const published = readyBy({ matchmaker: "/statusz" });
    const service = published.find(({ kind, metadata }) => kind === "Service" && metadata.name === "matchmaker") as any;
    service.spec.publishNotReadyAddresses = true;
    expect(readinessProblems(published)).toEqual([]);
  });

  it("is seen to go round through several, by what the paths that are asked depend on", () => {
    const chat = { ...ANSWERS["chat-service"], "/readyz": [{ caller: "chat-service", variable: "CHAT_MATCH_URL" }] };
    const back = { ...ANSWERS["match-service"], "/readyz": [{ caller: "edge-api", variable: "EDGE_HEALTH_URLS" }] };
    const found = readinessProblems(base, { ...ANSWERS, "chat-service": chat, "match-service": back });
    expect(found).toContain(
      "readiness goes round: chat-service → chat-service /readyz → match-service → match-service /readyz → chat-service",
    );
  });

  it("may wait for others that do not wait back", () => {
    expect(readinessProblems(readyBy({ ingress: "/healthz", shard: "/statusz" }))).toEqual([]);
  });

  it("is refused by a path of which nothing is known, and by one whose failure kills for what others lack", () => {
    expect(readinessProblems(readyBy({ shard: "/ready" }))).toEqual([
      "shard: nothing is known of what its readinessProbe /ready depends on",
    ]);
    expect(readinessProblems(readyBy({ shard: "/statusz" }, "livenessProbe"))).toEqual([
      "shard: its livenessProbe asks others: it is killed for what it cannot mend",
    ]);
  });
});

describe("health", () => {
  it("is asked of each instance", () => {
    expect(healthProblems(base)).toEqual([]);
    const hidden = JSON.parse(
      JSON.stringify(base).replaceAll("realtime-gateway-instances:", "realtime-gateway:"),
    ) as Manifest[];
    expect(healthProblems(hidden)).toEqual([
      "the health of realtime-gateway is asked of any one of its instances: realtime-gateway is not headless",
    ]);
  });
});
