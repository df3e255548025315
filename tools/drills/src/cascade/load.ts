// Steady load on the REST interface: so many requests a second, whatever becomes of them, as players send them. Each is known by the service
// that it needs, so that a fault's cost can be told from what it may not cost.
import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";

/** One request that was sent. Times are of performance.now(). */
export interface Sent {
  readonly name: string;
  /** The service behind edge-api without which it has no answer; undefined: none. */
  readonly needs: string | undefined;
  /** As edge-api has it (services/edge-api/src/criticality.ts): critical or more. */
  readonly critical: boolean;
  readonly deadlineMs: number;
  readonly at: number;
  readonly ms: number;
  /** 0: no answer at all. */
  readonly status: number;
}

interface Kind {
  readonly name: string;
  readonly needs: string | undefined;
  readonly critical: boolean;
  readonly method: "GET" | "POST";
  readonly path: (player: LoadPlayer) => string;
  readonly body?: () => object;
}

interface LoadPlayer {
  readonly client: MusterClient;
  readonly playerId: string;
  token: string;
}

/** As edge-api has them: READ_MS and WRITE_MS of its deadlines, and what it takes to say so on a machine that is busy. */
const DEADLINES_MS = { GET: 2000, POST: 5000 };

/** Every callee of edge-api, by reads and by writes. */
const KINDS: readonly Kind[] = [
  { name: "me", needs: "identity-service", critical: true, method: "GET", path: () => "/v1/me" },
  { name: "my matches", needs: "match-service", critical: false, method: "GET", path: () => "/v1/me/matches" },
  { name: "modes", needs: "matchmaker", critical: true, method: "GET", path: () => "/v1/modes" },
  { name: "channels", needs: "chat-service", critical: true, method: "GET", path: () => "/v1/chat/channels" },
  { name: "ratings", needs: "rating-service", critical: false, method: "GET", path: () => "/v1/me/ratings" },
  {
    name: "guest",
    needs: "identity-service",
    critical: true,
    method: "POST",
    path: () => "/v1/auth/guest",
    body: () => ({ deviceKey: randomBytes(16).toString("hex") }),
  },
  {
    name: "history",
    needs: "match-service",
    critical: false,
    method: "GET",
    path: ({ playerId }) => `/v1/players/${playerId}/matches`,
  },
  { name: "installation", needs: undefined, critical: true, method: "GET", path: () => "/" },
];

export interface SteadyLoad {
  /** All that have ended, oldest first. */
  readonly sent: readonly Sent[];
  /** Requests a second from now on. */
  rate(perS: number): void;
  /** So many more a second that are less than critical, as when everybody looks at the leaderboard. */
  surge(perS: number): void;
  /** Resolves when every answer has come. */
  stop(): Promise<void>;
}

const PLAYERS = 8;
/** A token lives for ten minutes; the SDK renews it when it is about to end. */
const TOKEN_EVERY_MS = 30_000;
/** Far beyond every deadline: what has no answer by then hangs. */
const GIVE_UP_MS = 20_000;
/** In flight: so that a drill's own memory is bounded; beyond it nothing more is sent, and that counts as no answer. */
const IN_FLIGHT_MAX = 4000;

export async function startSteadyLoad(edgeUrl: string, perS: number): Promise<SteadyLoad> {
  const players = await Promise.all(Array.from({ length: PLAYERS }, () => logIn(edgeUrl)));
  const sent: Sent[] = [];
  const running = new Set<Promise<void>>();
  const steady = { kinds: KINDS, perS, due: 0, nth: 0 };
  const surge = { kinds: KINDS.filter(({ critical }) => !critical), perS: 0, due: 0, nth: 0 };
  let lastAt = performance.now();
  const send = (kinds: readonly Kind[], nth: number, now: number): void => {
    const kind = kinds[nth % kinds.length] as Kind;
    const player = players[Math.floor(nth / kinds.length) % players.length] as LoadPlayer;
    if (running.size >= IN_FLIGHT_MAX) return void sent.push(recorded(kind, now, 0, 0));
    const one = request(edgeUrl, kind, player).then((result) => {
      sent.push(result);
      running.delete(one);
    });
    running.add(one);
  };
  const timer = setInterval(() => {
    // By the clock, not by ticks of the timer: a busy machine gets no less.
    const now = performance.now();
    const seconds = (now - lastAt) / 1000;
    lastAt = now;
    for (const stream of [steady, surge])
      for (stream.due += seconds * stream.perS; stream.due >= 1; stream.due--) send(stream.kinds, stream.nth++, now);
  }, 5);
  const tokens = setInterval(() => {
    for (const player of players)
      player.client.accessToken().then(
        (token) => (player.token = token),
        () => undefined, // the one that it has is good for a while
      );
  }, TOKEN_EVERY_MS);
  return {
    sent,
    rate(more) {
      steady.perS = more;
    },
    surge(more) {
      surge.perS = more;
    },
    async stop() {
      clearInterval(timer);
      clearInterval(tokens);
      await Promise.all(running);
    },
  };
}

async function logIn(edgeUrl: string): Promise<LoadPlayer> {
  const client = new MusterClient({ url: edgeUrl });
  const { playerId } = await client.logInGuest(randomBytes(16).toString("hex"));
  return { client, playerId, token: await client.accessToken() };
}

async function request(edgeUrl: string, kind: Kind, player: LoadPlayer): Promise<Sent> {
  const at = performance.now();
  const body = kind.body?.();
  const status = await fetch(edgeUrl + kind.path(player), {
    method: kind.method,
    headers: { authorization: `Bearer ${player.token}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(GIVE_UP_MS),
  }).then(
    async (response) => (await response.arrayBuffer(), response.status),
    () => 0,
  );
  return recorded(kind, at, performance.now() - at, status);
}

function recorded({ name, needs, critical, method }: Kind, at: number, ms: number, status: number): Sent {
  return { name, needs, critical, deadlineMs: DEADLINES_MS[method], at, ms, status };
}
