import * as chat from "@muster/chat-service/testing";
import * as edge from "@muster/edge-api/testing";
import * as identity from "@muster/identity-service/testing";
import * as match from "@muster/match-service/testing";
import * as matchmaker from "@muster/matchmaker/testing";
import * as gateway from "@muster/realtime-gateway/testing";
import * as shard from "@muster/shard/testing";

interface Service {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly readConfig: (env: Readonly<Record<string, string | undefined>>) => unknown;
  readonly adminPort: number;
}

/** Every process of ours, with what its environment may say. */
export const SERVICES: Readonly<Record<string, Service>> = {
  "identity-service": { ...identity, adminPort: 7201 },
  "match-service": { ...match, adminPort: 7211 },
  "chat-service": { ...chat, adminPort: 7261 },
  matchmaker: { ...matchmaker, adminPort: 7221 },
  "realtime-gateway": { ...gateway, adminPort: 7231 },
  shard: { ...shard, adminPort: 7241 },
  "edge-api": { ...edge, adminPort: 7251 },
};
