// The scripted server: the TypeScript SDK and the clients in other languages pass, and clients that behave wrongly do not.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { edited, type Mutation, mutatingProxy, ofClient, ofServer } from "../test/proxy.ts";
import { type Command, godotCommand, hasGodot } from "../test/godot.ts";
import { type RunOptions, uncovered, type Verdict } from "./checks.ts";
import { SERVER_SUITE } from "./client/run.ts";
import { driveSdk } from "./drivers/sdk.ts";
import { stateMachineRows } from "./rows.ts";
import type { Driver } from "./server/driver.ts";
import { CLIENT_SUITE, testClient } from "./server/run.ts";
import { QUIET_MS, Scene } from "./server/scene.ts";
import { ScriptedServer } from "./server/scripted-server.ts";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const WITHIN_MS = 10_000;
const has = (program: string): boolean =>
  process.env["CI"] !== undefined || spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

const failures = (verdicts: readonly Verdict[]): string[] =>
  verdicts.filter(({ verdict }) => verdict === "fail").map(({ id, why }) => `${id}: ${why}`);
const passes = (verdicts: readonly Verdict[]): number => verdicts.filter(({ verdict }) => verdict === "pass").length;

describe("the rows of STATE-MACHINE.md", () => {
  it("are told apart, and include its tables and its rules", () => {
    const ids = stateMachineRows().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const kind of [
      "state/",
      "close/",
      "error/",
      "limit/",
      "rate/",
      "queue/",
      "match/",
      "watching/",
      "chat/",
      "disconnects/",
    ])
      expect(ids.filter((id) => id.startsWith(kind)).length, kind).toBeGreaterThan(2);
  });

  it("are each checked on one side at least, and for the other side there is a check or a reason", () => {
    expect(uncovered(CLIENT_SUITE as never)).toEqual([]);
    expect(uncovered(SERVER_SUITE as never)).toEqual([]);
    const both = { checks: [...CLIENT_SUITE.checks, ...SERVER_SUITE.checks], unreachable: {} };
    // What neither a client nor a server shows to the other: tests of the whole system have these.
    expect(uncovered(both as never)).toEqual([
      "queue/clients-do-not-notice-a-restart-of",
      "match/in-a-game-that-conceals-each-seat",
      "chat/a-gateway-that-loses-chat-service-continues",
      "limit/control-messages-in-progress",
      "limit/bytes-of-messages-per-second-and-socket",
      "limit/sockets-per-gateway",
      "limit/of-these-not-authenticated-yet",
      "limit/of-those-from-one-address-or-one-ipv6-64",
      "limit/sockets-from-one-address-or-one-ipv6-64-authenticated-or-not",
    ]);
  });
});

async function sdkVerdicts(mutation: Mutation, options: RunOptions, withinMs: number): Promise<Verdict[]> {
  await using server = await ScriptedServer.listen(0, withinMs);
  await using proxy = await mutatingProxy(server.url, mutation);
  driveSdk(server.driverUrl).catch(() => undefined); // until the server is gone
  const driver = await server.drivers.take(WITHIN_MS, "driver");
  return await testClient(server, driver, { ...options, withinMs, url: proxy.url }); // they end with this block
}

interface OtherClient {
  readonly language: string;
  readonly here: boolean;
  readonly command: (driverUrl: string) => Command;
}

const OTHERS: readonly OtherClient[] = [
  {
    language: "Python",
    here: has("python3"),
    command: (url) => ({ program: "python3", args: ["-B", "driven.py", url], env: process.env }),
  },
  {
    language: "GDScript",
    here: hasGodot,
    command(url) {
      const { program, args, env } = godotCommand("driven.gd");
      return { program, args, env: { ...env, MUSTER_CONFORMANCE: url } };
    },
  },
];

/** Runs such a client, and hands over the driver that it connects as. */
async function driving(
  { command }: OtherClient,
  test: (server: ScriptedServer, driver: Driver) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.listen(0, WITHIN_MS);
  const { program, args, env } = command(server.driverUrl);
  const child = spawn(program, args, { cwd: FOLDER, env, stdio: ["ignore", "ignore", "inherit"] });
  try {
    await test(server, await server.drivers.take(WITHIN_MS, "driver"));
  } finally {
    child.kill();
  }
}

describe.concurrent("a client in another language", () => {
  for (const other of OTHERS)
    it.skipIf(!other.here)(`in ${other.language} passes every row that can be seen from a client`, () =>
      driving(other, async (server, driver) => {
        const verdicts = await testClient(server, driver, { withinMs: WITHIN_MS });
        expect(failures(verdicts)).toEqual([]);
        expect(passes(verdicts)).toBeGreaterThanOrEqual(100);
      }),
    );

  const [, inGodot] = OTHERS as [OtherClient, OtherClient];
  it.skipIf(!inGodot.here)("in GDScript closes with 4500 after bytes that are no frame", () =>
    driving(inGodot, async (server, driver) => {
      const scene = new Scene(server, driver, WITHIN_MS);
      const cut = (frame: Uint8Array): Uint8Array => frame.slice(0, -1);
      for (const bad of ["", "01", "0180", "015a05", "0158", "03", "0400", "a keyframe", "a delta"]) {
        const { connection, match } = await scene.seated();
        if (bad.startsWith("a ")) connection.frame(cut(bad === "a delta" ? match.delta() : match.keyframe()));
        else connection.frame(Buffer.from(bad === "0400" ? `04${"01".repeat(99)}` : bad, "hex"));
        expect([bad, await connection.closed]).toEqual([bad, 4500]);
        expect(await driver.event("closed")).toMatchObject({ code: 4500 });
      }
      expect(await server.strays(QUIET_MS)).toBe(0);
    }),
  );
});

describe.concurrent("the TypeScript SDK", () => {
  it("passes every row that can be seen from a client", async () => {
    const verdicts = await sdkVerdicts({}, {}, WITHIN_MS);
    expect(failures(verdicts)).toEqual([]);
    expect(passes(verdicts)).toBeGreaterThanOrEqual(100);
  });
});

/** What a client does wrong, and a row that says so. */
const WRONG_CLIENTS: readonly (Mutation & { readonly does: string; readonly row: string })[] = [
  { does: "connects again after 4500", row: "close/4500", closeCode: (code) => (code === 4500 ? 4000 : code) },
  { does: "does not connect again after 4000", row: "close/4000", closeCode: (code) => (code === 4000 ? 4500 : code) },
  {
    does: "speaks another version",
    row: "state/unauthenticated",
    up: ofClient((one) => edited(one, "hello", { protocolVersion: 2 })),
  },
  { does: "sends its first message twice", row: "state/unauthenticated", up: (frame) => [frame, frame] },
  { does: "sends texts", row: "states/every-control", asText: true },
  {
    does: "gives every request the same id",
    row: "states/every-control",
    up: ofClient((one) => ({ ...one, requestId: 1 })),
  },
  { does: "answers no WebSocket ping", row: "limit/an-unanswered", swallowsPings: true },
  {
    does: "loses its ticket with its connection",
    row: "queue/a-player-has-at-most-one-seat",
    up: ofClient((one) => edited(one, "enqueue", { resumeTicketId: "" })),
  },
  {
    does: "joins with another ticket",
    row: "state/joining",
    up: ofClient((one) => edited(one, "joinMatch", { seatTicket: "another" })),
  },
  {
    does: "forgets what it was told of its match",
    row: "match/seatstatus",
    up: ofClient((one) => edited(one, "joinMatch", { lastMatchSeq: 0 })),
  },
  { does: "takes match_seq for nothing", row: "match/seatstatus", down: ofServer((one) => ({ ...one, matchSeq: 0 })) },
  {
    does: "reads one bit of a delta wrongly",
    row: "match/a-keyframe-follows",
    down: (frame) => (frame[0] === 4 ? [flipped(frame, 6)] : undefined),
  },
  {
    does: "sends its inputs twice",
    row: "match/an-input-is-applied",
    up: (frame) => (frame[0] === 2 ? [frame, frame] : undefined),
  },
  {
    does: "packs its inputs wrongly",
    row: "match/an-input-is-applied",
    up: (frame) => (frame[0] === 2 ? [flipped(frame, 9)] : undefined),
  },
  {
    does: "sends no input again that the shard lost",
    row: "match/if-the-shard-is-lost",
    down: ofServer((one) =>
      one.message.case === "matchJoined" && one.message.value.resumed
        ? edited(one, "matchJoined", { lastInputSeq: 99 })
        : one,
    ),
  },
  {
    does: "leaves without a word",
    row: "match/leavematch",
    up: ofClient((one) => (one.message.case === "leaveMatch" ? undefined : one)),
  },
  {
    does: "says another result",
    row: "match/matchended",
    down: ofServer((one) => edited(one, "matchEnded", { ticks: 1 })),
  },
  {
    does: "subscribes without its cursors",
    row: "chat/after-a-lost",
    up: ofClient((one) => edited(one, "chatSubscribe", { cursors: [] })),
  },
  {
    does: "stays at a gateway that stops",
    row: "disconnects/a-stopping",
    down: ofServer((one) => (one.message.case === "goingAway" ? undefined : one)),
  },
  {
    does: "reports another code",
    row: "error/queue_full",
    down: ofServer((one) => edited(one, "error", { code: "internal" })),
  },
];

describe.concurrent("a client that behaves wrongly", () => {
  it.each(WRONG_CLIENTS)("fails when it $does", async ({ row, ...mutation }) => {
    const verdicts = await sdkVerdicts(mutation, { only: [row] }, 700);
    expect(verdicts.filter(({ id, verdict }) => id.startsWith(row) && verdict === "fail")).toHaveLength(1);
  });
});

function flipped(frame: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
