// Every gRPC method of every service with a database, while that database is down, is silent, or lets nobody in: the caller hears within its time that it
// cannot be done now. The caller says its time and then waits on: what is measured is the service, not the caller's own clock.
import { create, type DescMethod, type DescService } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { service as chat } from "@muster/chat-service/testing";
import { ChatService } from "@muster/contracts/chat/v2";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { createDatabase, migrate } from "@muster/db";
import { service as identity } from "@muster/identity-service/testing";
import { service as match } from "@muster/match-service/testing";
import { service as rating } from "@muster/rating-service/testing";
import { service as replay } from "@muster/replay-service/testing";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithMariadb, freshDatabases, LogLines, until } from "@muster/testkit";
import { type FaultProxy, openFaultProxy } from "@muster/testkit/fault-proxy";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { OTHER_ID, validMessage } from "./valid-message.ts";

const DEADLINE_MS = 900;
/** On a busy machine. */
const SLACK_MS = 1500;
/** Longer than any deadline: it hangs. */
const HANGS_MS = 6000;
const AT_ONCE = 8;
const POOL = 2;

/** Calls that are answered without the database, and why. */
const NEEDS_NONE: Readonly<Record<string, string>> = {
  "identity.v2.IdentityService/GetJwks": "the keys are in memory",
  "chat.v2.ChatService/Deliver": "a stream, which lasts",
  "match.v2.MatchService/GetRating": "of releases before v2.1: it answers what everybody begins with",
  "match.v2.MatchService/GetRatings": "of releases before v2.1: it answers what everybody begins with",
  "delivery.v2.DeliveryService/ListDeadLetters": "Kafka comes first, and there is none here",
  "delivery.v2.DeliveryService/GetDeadLetter": "Kafka comes first, and there is none here",
  "delivery.v2.DeliveryService/HandleDeadLetters": "Kafka comes first, and there is none here",
};

/** Where the rules alone do not lead to the database. */
const KNOWN: Readonly<Record<string, unknown>> = {
  name: "somebody",
  password: "correct horse battery",
  newPassword: "correct horse batteries",
  currentPassword: "correct horse battery",
  cursor: "",
  mode: "duel",
  moderator: true,
  stateHash: "",
  handling: "replayed",
  operation: "drainShard",
  "ListDeadLettersRequest.state": "open",
  "Seat.seat": 0,
  "KeptAnswer.status": 200,
  "StartSeasonRequest.season": 2,
  "OpenDirectRequest.playerId": OTHER_ID,
  "BlockPlayerRequest.playerId": OTHER_ID,
  "ReportPlayerRequest.playerId": OTHER_ID,
};

const SERVICES = { identity, match, chat, rating, replay } as const;
type Name = keyof typeof SERVICES;
const CONTRACTS: Readonly<Record<Name, readonly DescService[]>> = {
  identity: [IdentityService, DeliveryService],
  match: [MatchService, DeliveryService],
  chat: [ChatService],
  rating: [RatingService, DeliveryService],
  replay: [ReplayService, DeliveryService],
};
const NAMES = Object.keys(SERVICES) as Name[];

interface Running {
  readonly url: string;
  readonly proxy: FaultProxy;
  readonly database: string;
  stop(): Promise<void>;
}

const nameOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;
const methodsOf = (name: Name): DescMethod[] => CONTRACTS[name].flatMap(({ methods }) => methods);

describe("the requests of the walk", () => {
  const validator = createValidator();
  it.each(NAMES.flatMap(methodsOf).map((method) => [nameOf(method), method] as const))(
    "%s is valid",
    (_name, { input }) => {
      const checked = validator.validate(input, create(input, validMessage(input, KNOWN)));
      expect([checked.kind, checked.kind === "invalid" ? checked.violations.map(String) : []]).toEqual(["valid", []]);
    },
  );
});

it("what needs no database is still in the contracts", () => {
  const known = new Set(NAMES.flatMap(methodsOf).map(nameOf));
  expect(Object.keys(NEEDS_NONE).filter((name) => !known.has(name))).toEqual([]);
});

describeWithMariadb("a database that cannot be used", () => {
  const running = {} as Record<Name, Running>;
  beforeAll(async () => {
    const urls = await freshDatabases();
    const peers = { CHAT_MATCH_URL: "", REPLAY_MATCH_URL: "", REPLAY_RATING_URL: "" };
    for (const name of NAMES) {
      const { configuration, migrations, name: fullName } = SERVICES[name];
      const url = new URL(urls[fullName as keyof typeof urls]);
      const database = createDatabase({
        url: url.href,
        dependency: anyDatabase(2, { waitMs: 5000, statementMs: 10_000 }),
      });
      await migrate(database.db, migrations);
      await database.stop();
      const proxy = await openFaultProxy({ to: { host: url.hostname, port: Number(url.port) } });
      const { prefix } = configuration;
      const app = (SERVICES[name] as typeof match).createApp(
        configuration.read({
          [`${prefix}_DB_URL`]: Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(proxy.port) }).href,
          [`${prefix}_GRPC_PORT`]: "0",
          [`${prefix}_ADMIN_PORT`]: "0",
          ...(name === "identity" && {
            IDENTITY_KEY_ENCRYPTION_KEY: "5a".repeat(32),
            IDENTITY_AUDIT_KEY: "a0".repeat(32),
          }),
          ...(name === "chat" && { CHAT_AUDIT_KEY: "c0".repeat(32), CHAT_MATCH_URL: peers.CHAT_MATCH_URL }),
          ...(name === "replay" && {
            REPLAY_MATCH_URL: peers.REPLAY_MATCH_URL,
            REPLAY_RATING_URL: peers.REPLAY_RATING_URL,
          }),
          DB_POOL_MAX: String(name === "chat" ? POOL + 2 : POOL), // delivery has two of its own
        }) as never,
        { log: new LogLines().logger(fullName) },
      );
      await app.start();
      if (name === "match") peers.CHAT_MATCH_URL = peers.REPLAY_MATCH_URL = app.rpc.url;
      if (name === "rating") peers.REPLAY_RATING_URL = app.rpc.url;
      running[name] = { url: app.rpc.url, proxy, database: url.pathname.slice(1), stop: () => app.stop() };
    }
  }, 60_000);
  afterAll(async () => {
    for (const { proxy } of Object.values(running)) proxy.mend();
    await Promise.all(Object.values(running).map(({ stop }) => stop()));
    await Promise.all(Object.values(running).map(({ proxy }) => proxy.close()));
  });

  const call = async (name: Name, method: DescMethod): Promise<string> => {
    const transport = createGrpcTransport({
      baseUrl: running[name].url,
      interceptors: [
        (next) => (req) => {
          req.header.set("grpc-timeout", `${DEADLINE_MS}m`);
          return next(req);
        },
      ],
    });
    const client = createClient(method.parent, transport) as unknown as Record<
      string,
      (input: object) => Promise<unknown>
    >;
    const startedAt = performance.now();
    const asked = client[method.localName]?.(validMessage(method.input, KNOWN));
    const hangs = new Promise<string>((resolve) => setTimeout(resolve, HANGS_MS, "hangs").unref());
    const answer = await Promise.race([
      hangs,
      Promise.resolve(asked).then(
        () => "answered",
        (err: unknown) => Code[ConnectError.from(err).code] ?? "?",
      ),
    ]);
    const tookMs = performance.now() - startedAt;
    return tookMs > DEADLINE_MS + SLACK_MS ? `${answer}, after ${Math.round(tookMs)} ms` : answer;
  };

  /** Some at once, so that the pool is asked for more than it has. */
  const walk = async (): Promise<Record<string, string>> => {
    const answers: Record<string, string> = {};
    await Promise.all(
      NAMES.map(async (name) => {
        const methods = methodsOf(name).filter((method) => !(nameOf(method) in NEEDS_NONE));
        for (let from = 0; from < methods.length; from += AT_ONCE)
          await Promise.all(
            methods.slice(from, from + AT_ONCE).map(async (method) => {
              answers[`${name}: ${nameOf(method)}`] = await call(name, method);
            }),
          );
      }),
    );
    return answers;
  };
  const expectUnavailable = (answers: Record<string, string>): void => {
    const wrong = Object.entries(answers).filter(
      ([, answer]) => answer !== "Unavailable" && answer !== "DeadlineExceeded",
    );
    expect(wrong).toEqual([]);
  };
  const PROBES: Readonly<Record<Name, DescMethod>> = {
    identity: IdentityService.method.getProfile,
    match: MatchService.method.getMatch,
    chat: ChatService.method.listChannels,
    rating: RatingService.method.listSeasons,
    replay: ReplayService.method.getReplay,
  };
  const back = (): Promise<void> =>
    until(async () => {
      const answers = await Promise.all(NAMES.map((name) => call(name, PROBES[name])));
      const away = answers.filter((answer) => answer === "Unavailable" || answer === "DeadlineExceeded");
      return away.length === 0 ? undefined : answers.join(", ");
    }, 15_000);

  it("down: unavailable, in time", async () => {
    for (const { proxy } of Object.values(running)) {
      proxy.faults.refusing = true;
      proxy.cut("reset");
    }
    expectUnavailable(await walk());
    for (const { proxy } of Object.values(running)) proxy.mend();
    await back();
  }, 60_000);

  it("silent: unavailable, in time", async () => {
    for (const { proxy } of Object.values(running)) proxy.faults.dead = true;
    expectUnavailable(await walk());
    for (const { proxy } of Object.values(running)) {
      proxy.cut("reset");
      proxy.mend();
    }
    await back();
  }, 60_000);

  it("without a free connection: unavailable, in time", async () => {
    const { hostname, port, username, password } = new URL(inject("mariadbAdminUrl"));
    const admin = await createConnection({ host: hostname, port: Number(port), user: username, password });
    const tables = (await admin.query(
      "select table_schema as db, table_name as name from information_schema.tables where table_schema in (?) and table_type = 'BASE TABLE'",
      [Object.values(running).map(({ database }) => database)],
    )) as { db: string; name: string }[];
    // Every statement waits: each connection of each pool is soon taken.
    await admin.query(`lock tables ${tables.map(({ db, name }) => `\`${db}\`.\`${name}\` write`).join(", ")}`);
    try {
      expectUnavailable(await walk());
    } finally {
      await admin.query("unlock tables");
      await admin.end();
    }
    await back();
  }, 60_000);
});
