export interface ServiceSpec {
  readonly name: string;
  /** Has a migrate.ts and a database of its own. */
  readonly migrates: boolean;
  /** Environment variable with the port of /healthz, /readyz and /metrics. */
  readonly adminPort: string;
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
}

/**
 * A small young generation: the realtime processes keep what they have and throw little away, so that a large one is only
 * memory (280 instead of 470 MiB for gateway and shard with 1,200 players, at the same CPU time).
 */
const FEW_YOUNG = ["--max-semi-space-size=1"];

/** In the order in which they are stopped: those that face players first. */
export const SERVICES: readonly ServiceSpec[] = [
  { name: "edge-api", migrates: false, adminPort: "EDGE_ADMIN_PORT" },
  { name: "realtime-gateway", migrates: false, adminPort: "GATEWAY_ADMIN_PORT", nodeArgs: FEW_YOUNG },
  { name: "shard", migrates: false, adminPort: "SHARD_ADMIN_PORT", nodeArgs: FEW_YOUNG },
  { name: "matchmaker", migrates: false, adminPort: "MATCHMAKER_ADMIN_PORT" },
  { name: "identity-service", migrates: true, adminPort: "IDENTITY_ADMIN_PORT" },
  { name: "chat-service", migrates: true, adminPort: "CHAT_ADMIN_PORT" },
  { name: "match-service", migrates: true, adminPort: "MATCH_ADMIN_PORT" },
];

export function serviceOf(name: string): ServiceSpec {
  const spec = SERVICES.find((service) => service.name === name);
  if (!spec) throw new Error(`there is no service ${name}: ${SERVICES.map((s) => s.name).join(", ")}`);
  return spec;
}
