// Tests a client: it connects to /driver, and is told what to do, check by check.
import { type Check, type RunOptions, type Suite, type Verdict, verdicts } from "../checks.ts";
import { CHAT_CHECKS } from "./chat-checks.ts";
import { CONNECTION_CHECKS } from "./connection-checks.ts";
import type { Driver } from "./driver.ts";
import { MATCH_CHECKS, QUEUE_CHECKS, WATCHING_CHECKS } from "./match-checks.ts";
import { Scene } from "./scene.ts";
import type { ScriptedServer } from "./scripted-server.ts";

const OF_A_SERVER = "what a server does: `conformance client` checks it";

export const CLIENT_SUITE: Suite<Scene> = {
  checks: [...CONNECTION_CHECKS, ...QUEUE_CHECKS, ...MATCH_CHECKS, ...WATCHING_CHECKS, ...CHAT_CHECKS].map(alone),
  unreachable: {
    "states/the-right-column": OF_A_SERVER,
    "queue/clients-do-not-notice": OF_A_SERVER,
    "match/in-a-game-that-conceals": "frames of such a game are read like any others",
    "chat/a-gateway-that-loses": OF_A_SERVER,
    ...Object.fromEntries(
      [
        "limit/control-messages-per-player",
        "limit/chat-messages-and-edits",
        "limit/control-messages-in-progress",
        "limit/frames-of-any-kind",
        "limit/websocket-pings",
        "limit/sockets-per-gateway",
        "limit/of-these",
        "limit/of-those",
        "limit/sockets-from-one-address",
        "limit/bytes-of-messages",
        "limits/how-often",
        ...[
          "hello",
          "enqueue",
          "cancelqueue",
          "joinmatch",
          "leavematch",
          "ping",
          "chatsubscribe",
          "chatsend",
          "watchmatch",
        ].map((kind) => `rate/${kind}`),
        "rate/stopwatching",
        "rate/any-unknown",
      ].map((row) => [row, OF_A_SERVER]),
    ),
  },
};

export interface ClientRunOptions extends RunOptions {
  readonly withinMs: number;
  readonly url?: string;
}

export async function testClient(
  server: ScriptedServer,
  driver: Driver,
  options: ClientRunOptions,
): Promise<Verdict[]> {
  return verdicts(CLIENT_SUITE, new Scene(server, driver, options.withinMs, options.url), options);
}

/** Each check has a new player, and leaves nothing behind. */
function alone(check: Check<Scene>): Check<Scene> {
  return {
    ...check,
    async run(scene) {
      const { server, driver } = scene;
      try {
        await check.run(scene);
        server.throwFaults();
      } finally {
        await driver.do("stop").catch(() => undefined);
        server.forget();
        driver.forget();
      }
    },
  };
}
