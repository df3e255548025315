// The spans that an OpenTelemetry collector receives when a player gets into a match, from the processes as they are
// deployed.
import { randomBytes } from "node:crypto";
import type { ServerControl } from "@muster/contracts/realtime/v1";
import { TopicReader } from "@muster/events/testing";
import { CONTROL_FRAME, decodeServerControl, encodeClientControl } from "@muster/realtime";
import {
  type CollectedSpan,
  describeWithKafka,
  type OtlpCollector,
  type PrivateKafka,
  startOtlpCollector,
  startPrivateKafka,
  until,
} from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import WebSocket from "ws";
import { openTestCluster, type TestCluster } from "./test-cluster.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER_SPAN = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE}-${CALLER_SPAN}-01`;

/** Span by span, each with the one that it was started by; `caller` is the player's own. */
const EXPECTED = [
  "caller > edge-api POST /v1/auth/guest",
  "edge-api POST /v1/auth/guest > edge-api identity.v2.IdentityService/LogInGuest",
  "edge-api identity.v2.IdentityService/LogInGuest > identity-service identity.v2.IdentityService/LogInGuest",
  "caller > realtime-gateway control enqueue",
  "realtime-gateway control enqueue > realtime-gateway rating.v2.RatingService/GetRatings",
  "realtime-gateway rating.v2.RatingService/GetRatings > rating-service rating.v2.RatingService/GetRatings",
  "realtime-gateway control enqueue > matchmaker queue ticket",
  "realtime-gateway control enqueue > matchmaker place match",
  "matchmaker place match > shard allocate match",
  "matchmaker place match > matchmaker match.v2.MatchService/CreateMatch",
  "matchmaker match.v2.MatchService/CreateMatch > match-service match.v2.MatchService/CreateMatch",
  "caller > realtime-gateway control joinMatch",
  "realtime-gateway control joinMatch > shard join",
  "caller > realtime-gateway control leaveMatch",
  "shard allocate match > shard match.v2.MatchService/RecordResult",
  "shard match.v2.MatchService/RecordResult > match-service match.v2.MatchService/RecordResult",
  "match-service match.v2.MatchService/RecordResult > rating-service rating-service match.ended",
  "match-service match.v2.MatchService/RecordResult > replay-service replay-service match.ended",
];

describeWithKafka("a trace", () => {
  let collector: OtlpCollector;
  let kafka: PrivateKafka;
  let told: TopicReader;
  let cluster: TestCluster;
  beforeAll(async () => {
    [collector, kafka] = await Promise.all([startOtlpCollector(), startPrivateKafka()]);
    told = await TopicReader.open(kafka.brokers, "muster.ratings.v1", "muster.replays.v1");
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, SHARD_PLAYED_AFTER_MS: "0" };
    cluster = await openTestCluster({ gateways: 1, shards: 1, further: ["replay-service"], kafka: kafka.brokers, env });
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await told?.[Symbol.asyncDispose]();
    await kafka.stop();
    await collector[Symbol.asyncDispose]();
  });

  it("holds a log-in, the queue, the placement, the seat, the result and what follows from it, each under what it was done for", async () => {
    await playOneMatch(cluster);
    const ofTrace = (): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === TRACE);
    const steps = (): string[] => stepsOf(ofTrace());
    await until(() => {
      const missing = EXPECTED.filter((step) => !steps().includes(step));
      return missing.length === 0 ? undefined : `missing:\n${missing.join("\n")}\nthere:\n${steps().join("\n")}`;
    });
    const ids = new Set([CALLER_SPAN, ...ofTrace().map(({ spanId }) => spanId)]);
    expect(ofTrace().filter(({ parentSpanId }) => !ids.has(parentSpanId))).toEqual([]);
    expect(ofTrace().filter(({ failed }) => failed)).toEqual([]);
    for (const type of ["rating.changed", "replay.verified"] as const) {
      await until(() => (told.of(type).length > 0 ? undefined : `no ${type}`));
      for (const { traceparent } of told.of(type)) expect(traceparent).toContain(TRACE);
    }
  });

  it("is sent to its end by a process that stops", async () => {
    const before = collector.spans.length;
    const traceparent = `00-${randomBytes(16).toString("hex")}-${CALLER_SPAN}-01`;
    const deviceKey = randomBytes(16).toString("hex");
    await logIn(cluster.edgeUrl, deviceKey, traceparent);
    await cluster.restart("edge-api", "SIGTERM");
    const since = collector.spans.slice(before).filter(({ traceId }) => traceparent.includes(traceId));
    expect(since.map(({ service }) => service)).toContain("edge-api");
  });
});

type Said = NonNullable<Parameters<typeof encodeClientControl>[0]["message"]>;

async function logIn(edgeUrl: string, deviceKey: string, traceparent: string): Promise<string> {
  const response = await fetch(`${edgeUrl}/v1/auth/guest`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(traceparent && { traceparent }) },
    body: JSON.stringify({ deviceKey }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { tokens: { accessToken: string } }).tokens.accessToken;
}

/** A client with a trace of its own logs in, queues, takes its seat and gives it up; another one, without, is its opponent. */
async function playOneMatch(cluster: TestCluster): Promise<void> {
  const [traced, opponent] = [await Player.enter(cluster, TRACEPARENT), await Player.enter(cluster, "")];
  traced.say({ case: "enqueue", value: { mode: "duel-quick", region: "" } });
  await traced.came("queued"); // so that it has waited longer: the match is placed under its trace
  opponent.say({ case: "enqueue", value: { mode: "duel-quick", region: "" } });
  for (const player of [traced, opponent]) await player.takeSeat();
  traced.say({ case: "leaveMatch", value: {} });
  await opponent.came("matchEnded");
  for (const player of [traced, opponent]) player.close();
}

class Player {
  readonly #socket: WebSocket;
  readonly #traceparent: string;
  readonly #heard: ServerControl["message"][] = [];

  private constructor(socket: WebSocket, traceparent: string) {
    this.#socket = socket;
    this.#traceparent = traceparent;
    socket.on("message", (frame: Buffer) => {
      if (frame[0] === CONTROL_FRAME) this.#heard.push(decodeServerControl(frame).message);
    });
  }

  static async enter({ edgeUrl, gatewayUrl }: TestCluster, traceparent: string): Promise<Player> {
    const token = await logIn(edgeUrl, randomBytes(16).toString("hex"), traceparent);
    const player = new Player(new WebSocket(gatewayUrl, ["muster.v1", `muster.token.${token}`]), traceparent);
    await player.came("welcome");
    return player;
  }

  came(kind: string): Promise<void> {
    return until(() =>
      this.#heard.some((one) => one.case === kind) ? undefined : `no ${kind}: ${this.#heard.map((one) => one.case)}`,
    );
  }

  say(message: Said): void {
    this.#socket.send(encodeClientControl({ requestId: 1, traceparent: this.#traceparent, message }));
  }

  async takeSeat(): Promise<void> {
    await this.came("matchFound");
    const found = this.#heard.find((one) => one.case === "matchFound");
    this.say({ case: "joinMatch", value: { seatTicket: found?.value.seatTicket ?? "", lastMatchSeq: 0 } });
    await this.came("matchJoined");
  }

  close(): void {
    this.#socket.close();
  }
}

function stepsOf(spans: readonly CollectedSpan[]): string[] {
  const named = new Map(spans.map(({ spanId, service, name }) => [spanId, `${service} ${name}`]));
  named.set(CALLER_SPAN, "caller");
  return spans.map(({ parentSpanId, service, name }) => `${named.get(parentSpanId) ?? "?"} > ${service} ${name}`);
}
