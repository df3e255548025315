import { expect, it } from "vitest";
import { outgoingCalls } from "./outgoing-calls.ts";

const problemsOf = (source: string, file = "services/a-service/src/things.ts"): string[] =>
  outgoingCalls([file], () => source);

it.each([
  'import { createPool } from "mariadb";',
  'import mariadb from "mariadb";',
  'import { Kafka } from "kafkajs";',
  'import {\n  type Admin,\n  Kafka,\n} from "kafkajs";',
  'import { Producer } from "@platformatic/kafka";',
  'import { connect } from "node:http2";',
  'import { connect, type Socket } from "node:net";',
  'import { createConnection as open } from "node:net";',
  'import * as net from "node:net";',
  'import net, { isIP } from "node:net";',
  'import { connect } from "node:tls";',
  'import { createServer, request as httpRequest } from "node:http";',
  'import { get } from "node:https";',
  'import { type Client, createClient } from "@connectrpc/connect";',
  'import { createGrpcTransport } from "@connectrpc/connect-node";',
  'import { request } from "undici";',
  'import { WebSocket } from "ws";',
  'const { connect } = await import("node:net");',
  'const net = require("node:net");',
  "const answer = await fetch(url);",
  "const answer = await globalThis.fetch(url);",
  'const socket = new WebSocket("ws://x");',
])("a service that connects by itself is found: %s", (source) => {
  expect(problemsOf(source)).toHaveLength(1);
  expect(problemsOf(source, "packages/things/src/index.ts")).toHaveLength(1);
});

it.each([
  'import type { Pool } from "mariadb";',
  'import { type Pool, type PoolConnection } from "mariadb";',
  'import { createServer, type Server } from "node:net";',
  'import { isIP } from "node:net";',
  'import type { ClientRequest } from "node:http";',
  'import { Code, ConnectError } from "@connectrpc/connect";',
  'import { createRpcClient } from "@muster/rpc";',
  "// what fetch(url) would do\nawait this.#fetch(pool);\nawait client.fetch(url);",
])("what listens, only names a type or is built from the table is not: %s", (source) => {
  expect(problemsOf(source)).toEqual([]);
});

it("says nothing of those that build clients, of tests, of tools, and of what runs in players' programs", () => {
  const source = 'import { createPool } from "mariadb";\nimport { connect } from "node:net";';
  for (const file of [
    "packages/db/src/database.ts",
    "packages/rpc/src/connection.ts",
    "packages/events/src/broker/kafkajs.ts",
    "services/realtime-gateway/src/shards/shard-link.ts",
    "services/a-service/src/things.test.ts",
    "services/a-service/src/testing.ts",
    "services/web/src/play.ts",
    "packages/client/src/rest.ts",
    "packages/testkit/src/front.ts",
    "tools/bench/src/main.ts",
  ])
    expect(problemsOf(source, file)).toEqual([]);
  expect(problemsOf(source, "packages/events/src/outbox/relay.ts")).toHaveLength(2);
});
