export interface ServiceSpec {
  readonly name: string;
  /** Has a migrate.ts and a database of its own. */
  readonly migrates: boolean;
  /** Environment variable with the port of /healthz, /readyz and /metrics. */
  readonly adminPort: string;
}

/** In the order in which they are stopped: those that face players first. */
export const SERVICES: readonly ServiceSpec[] = [
  { name: "edge-api", migrates: false, adminPort: "EDGE_ADMIN_PORT" },
  { name: "realtime-gateway", migrates: false, adminPort: "GATEWAY_ADMIN_PORT" },
  { name: "shard", migrates: false, adminPort: "SHARD_ADMIN_PORT" },
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
