// Of a client: how it connects, what it does when it is disconnected, and how it asks.
import {
  clientDuty,
  DISCONNECTS,
  PROTOCOL_VERSION,
  REALTIME_ERRORS,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "@muster/realtime";
import type { Check } from "../checks.ts";
import { holds, same } from "../expect.ts";
import { quiet } from "./connection.ts";
import { joined, QUIET_MS, type Scene } from "./scene.ts";

const TOKEN_ENDS_IN_MS = 2500;
const ENDED_TOKENS: ReadonlySet<number> = new Set([DISCONNECTS.tokenExpired.code, DISCONNECTS.sessionEnded.code]);

export const CONNECTION_CHECKS: readonly Check<Scene>[] = [
  {
    name: "says hello first, with the token that it was given, and nothing else before Welcome",
    rows: ["state/unauthenticated"],
    async run(scene) {
      const { server } = scene;
      const [starting, connection] = await scene.starting();
      same(connection.path, "/v1/realtime", "the path of the connection, without a token in it");
      holds(connection.offered.includes(SUBPROTOCOL), `the sub-protocol ${SUBPROTOCOL} is not offered`);
      let [requestId, token] = [0, connection.offered.find((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX))];
      if (token === undefined) {
        const hello = await connection.asked("hello");
        same(hello.value.protocolVersion, PROTOCOL_VERSION, "the protocol version of Hello");
        [requestId, token] = [hello.requestId, TOKEN_SUBPROTOCOL_PREFIX + hello.value.accessToken];
      }
      holds(server.tokens.has(token.slice(TOKEN_SUBPROTOCOL_PREFIX.length)), "the access token is another one");
      await quiet(connection, QUIET_MS, "what was sent before Welcome");
      connection.tellWelcome(requestId);
      same((await starting)["playerId"], connection.playerId, "the player");
    },
  },
  {
    name: "gives every request an id of its own, and finds the answer by it, in whatever order answers come",
    rows: ["states/every-control-message"],
    async run(scene) {
      const connection = await scene.connected();
      connection.answersPings = false;
      const pings = [scene.driver.do("ping"), scene.driver.do("ping")];
      const asked = [await connection.asked("ping"), await connection.asked("ping")];
      holds(
        asked.every(({ requestId }) => requestId !== 0),
        "a request that expects an answer has the id 0",
      );
      for (const { requestId, value } of asked.toReversed())
        connection.tell({ case: "pong", value: { payload: value.payload } }, requestId);
      await Promise.all(pings);
    },
  },
  {
    name: "ignores frames and messages of a later version",
    rows: ["state/idle"],
    async run(scene) {
      const connection = await scene.connected();
      connection.frame(Uint8Array.of(0x7f, 1, 2, 3));
      connection.frame(Buffer.from("019a0600", "hex")); // a ServerControl with nothing but a field that nobody knows
      await scene.staysOn(connection, "after frames that it does not know");
    },
  },
  {
    name: "says hello with a newer token before its token ends",
    rows: ["states/every-control-message"],
    async run(scene) {
      const connection = await scene.connected(TOKEN_ENDS_IN_MS);
      const before = new Set(scene.server.tokens);
      const { requestId, value } = await connection.asked("hello", TOKEN_ENDS_IN_MS);
      holds(
        !before.has(value.accessToken) && scene.server.tokens.has(value.accessToken),
        "the token is not a newer one",
      );
      connection.tellWelcome(requestId);
      await scene.staysOn(connection, "to renew its token");
    },
  },
  {
    name: "answers WebSocket pings with their payload",
    rows: ["limit/an-unanswered-websocket-ping", "limit/silence-of-a-client", "limit/time-without-reading"],
    async run(scene) {
      const connection = await scene.connected();
      same(await connection.ping("one of these"), "one of these", "the payload of the pong");
    },
  },
  {
    name: "reads what comes at once without being asked to",
    rows: ["limit/unsent-data"],
    async run(scene) {
      const seated = await scene.seated();
      for (let i = 0; i < 2000; i++) seated.connection.frame(seated.match.delta());
      await scene.sees(seated.match.seen, "2,000 deltas at once");
    },
  },
  {
    name: "sends no frame of more than 8,192 bytes, whatever is asked of it",
    rows: ["limit/frame-from-a-client"],
    async run(scene) {
      const connection = await scene.connected();
      const saying = scene.driver.do("say", {
        channelId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e",
        body: "x".repeat(4096),
        key: "k",
      });
      const { requestId, value } = await connection.asked("chatSend");
      same(value.body.length, 4096, "the length of the body");
      connection.tell({ case: "chatSent", value: { channelId: value.channelId, seq: 1n } }, requestId);
      await saying;
    },
  },
  {
    name: "reports a refusal by its code and stays connected, whatever the code",
    rows: ["errors/these-are", ...Object.keys(REALTIME_ERRORS).map((code) => `error/${code}`)],
    async run(scene) {
      const connection = await scene.connected();
      for (const code of [...Object.keys(REALTIME_ERRORS), "of_a_later_version"]) {
        const refused = scene.driver.refusal(scene.driver.do("queue", { mode: "conformance" }));
        const { requestId } = await connection.asked("enqueue");
        connection.refuse(code, requestId, { retryAfterMs: 1234 });
        const refusal = await refused;
        same([refusal.code, refusal.retryAfterMs], [code, 1234], "what the client says of a refusal");
      }
      await scene.staysOn(connection, "after refusals");
    },
  },
  ...Object.values(DISCONNECTS).map(({ code }) => disconnect(code)),
  {
    name: "connects again after a connection that was cut, and after 1001",
    rows: ["disconnects/other-codes"],
    async run(scene) {
      let connection = await scene.connected();
      connection.cut();
      connection = await scene.back();
      connection.close(1001);
      connection = await scene.back();
      await scene.staysOn(connection, "after it was back");
    },
  },
  {
    name: "leaves a gateway that stops for another one in the time that it is given",
    rows: ["disconnects/a-stopping-gateway", "close/4000"],
    async run(scene) {
      const before = await scene.connected();
      before.tell({ case: "goingAway", value: { reconnectWithinMs: 300 } });
      const after = await scene.back();
      await before.closed;
      await scene.staysOn(after, "after it left");
    },
  },
  {
    name: "closes its connection to a gateway that stops before it queues again, with its ticket",
    rows: ["disconnects/a-stopping-gateway"],
    async run(scene) {
      const before = await scene.connected();
      const { ticketId } = await scene.queued(before);
      before.tell({ case: "goingAway", value: { reconnectWithinMs: 300 } });
      const after = await scene.back();
      const { value } = await after.asked("enqueue");
      same(value.resumeTicketId, ticketId, "resume_ticket_id");
      same(before.isOpen, false, "the first connection is open when the player queues again");
    },
  },
  {
    name: "takes its seat at another gateway before it closes the connection to one that stops",
    rows: ["disconnects/a-stopping-gateway"],
    async run(scene) {
      const seated = await scene.seated();
      seated.connection.tell({ case: "goingAway", value: { reconnectWithinMs: 300 } });
      const after = await scene.back();
      const { requestId, value } = await after.asked("joinMatch");
      same(value.seatTicket, seated.found.seatTicket, "the seat ticket at the other gateway");
      seated.connection.frame(seated.match.delta());
      await scene.driver.do("input", { value: { left: true, fire: false, aim: 1 } });
      await seated.connection.input();
      same(seated.connection.isOpen, true, "the first connection is open before MatchJoined");
      after.tell(joined(seated.found, { resumed: true, lastInputSeq: 1 }), requestId);
      after.frame(seated.match.keyframe());
      await scene.sees(seated.match.seen, "the keyframe of the other gateway");
      after.frame(seated.match.delta(1));
      await scene.sees(seated.match.seen, "a delta of the other gateway");
    },
  },
];

function disconnect(code: number): Check<Scene> {
  const again = clientDuty(code) === "reconnect";
  return {
    name: again ? `connects again after ${code}` : `does not connect again after ${code}, and says why`,
    rows: [`close/${code}`, "disconnects/after-4000"],
    async run(scene) {
      const connection = await scene.connected();
      const before = new Set(scene.server.tokens);
      connection.close(code);
      if (!again) {
        same((await scene.driver.event("closed"))["code"], code, "the code that the client says");
        same(await scene.server.strays(QUIET_MS), 0, `connections after ${code}`);
        return;
      }
      const after = await scene.server.connection();
      const token = await after.welcome();
      if (ENDED_TOKENS.has(code)) holds(!before.has(token), `the access token is the same one after ${code}`);
      await scene.staysOn(after, "after it was back");
    },
  };
}
