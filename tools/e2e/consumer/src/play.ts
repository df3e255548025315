// What a web game has of Muster, outside of the workspace: packed-sdk.system.test.ts copies this folder and installs the packages there.
import { type MatchEnd, MusterClient, MusterError, type Player, type PlayingMatch, Prediction } from "@muster/client";
import type { components } from "@muster/contracts/openapi/edge/v1";
import { duel, duelBot } from "@muster/game-duel";
import { flag, type Game, openReplayFile, Replay, uint } from "@muster/game-kit";

/** A game of one's own. Its declarations need the names of the kit's types. */
export const state = { on: flag(), count: uint(8) };
export const input = { press: flag() };
export const lamp: Game<typeof state, typeof input> = {
  id: "lamp",
  buildId: "lamp-1",
  tickRate: 0,
  seatsMin: 1,
  seatsMax: 1,
  state,
  input,
  inputMode: "event",
  options: {},
  init: (s) => void (s.on = false),
  step(s, inputs) {
    if (!inputs[0]?.press) return;
    s.on = !s.on;
    s.count++;
  },
  result: (s) => (s.count > 3 ? { seats: [{ score: s.count, rank: 1 }] } : undefined),
  forfeit: (s) => ({ seats: [{ score: s.count, rank: 1 }] }),
};

type Duel = PlayingMatch<typeof duel.state, typeof duel.input>;

export interface Report {
  readonly end: MatchEnd;
  readonly hash: string;
  readonly historyState: components["schemas"]["Match"]["state"] | undefined;
  readonly refusal: string;
}

interface Entered {
  readonly client: MusterClient;
  readonly player: Player;
  readonly match: Duel;
  readonly leave: () => void;
}

async function enter(url: string): Promise<Entered> {
  const client = new MusterClient({ url });
  const player = await client.logInGuest(crypto.randomUUID());
  const realtime = await client.connect();
  const match = await realtime.join(await realtime.queue("duel-quick"), duel);
  return { client, player, match, leave: () => realtime.close() };
}

/** Two guests play: one sends what its bot wants, the other one what its bot wants of the predicted state. */
export async function play(url: string): Promise<Report> {
  const [mine, theirs] = await Promise.all([enter(url), enter(url)]);
  mine.match.onSnapshot(({ state: s }) => void mine.match.send(duelBot(s, mine.match.seat)));
  const prediction = new Prediction(theirs.match, { game: duel, sample: (s) => duelBot(s, theirs.match.seat) });
  const drawing = setInterval(() => prediction.advance(), 16);
  const end = await mine.match.ended;
  clearInterval(drawing);
  const refusal = await mine.client.match(crypto.randomUUID()).then(
    () => "none",
    (err: unknown) => (err instanceof MusterError ? err.code : String(err)),
  );
  let historyState: Report["historyState"];
  for (let attempt = 0; attempt < 50 && historyState !== "ended"; attempt++) {
    historyState = (await mine.client.history({ limit: 1 })).matches[0]?.state;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const { leave } of [mine, theirs]) leave();
  return { end, hash: mine.match.stateHash, historyState, refusal };
}

/** Here for its types. */
export async function lengthOf(client: MusterClient, matchId: string): Promise<number> {
  const { setup, log } = await openReplayFile(await client.replays.download(matchId));
  let ticks = 0;
  await new Replay(duel, setup, log).play(2, ({ tick }) => void (ticks = tick));
  return ticks;
}
