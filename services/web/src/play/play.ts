// The way of a player from a mode to the end of its match. It belongs to the tab and not to a page of it: who looks at the
// leaderboard meanwhile keeps the queue and the seat.
import { type FoundMatch, type MatchEnd, MusterError, type PlayingMatch, type Realtime } from "@muster/client";
import type { Game } from "@muster/game-kit";
import { effect, signal } from "@preact/signals";
import { gameUi } from "../games/index.ts";
import { seatName } from "../matches/names.ts";
import { connect, player, realtime } from "../session/session.ts";
import { LinkQuality } from "./link-quality.ts";
import type { PlayedFeed } from "./played-feed.ts";
import { detach } from "../detach.ts";

/** Who is away, and until when (performance.now()). */
export interface Away {
  readonly seat: number;
  readonly until: number;
}

export interface Running {
  readonly found: FoundMatch;
  readonly match: PlayingMatch;
  readonly feed: PlayedFeed<never, never>;
  readonly quality: LinkQuality;
  readonly away: { value: Away | undefined };
}

export type Play =
  /** `after`: the match that this tab has just seen the end of. Histories may call it running for a moment. */
  | { readonly at: "idle"; readonly after?: string }
  | { readonly at: "queueing"; readonly mode: string; readonly since: number; readonly paused?: string | undefined }
  | { readonly at: "joining"; readonly mode: string }
  | ({ readonly at: "playing" } & Running)
  | { readonly at: "over"; readonly found: FoundMatch; readonly seat: number; readonly end: MatchEnd }
  | { readonly at: "failed"; readonly mode: string; readonly error: unknown };

export const play = signal<Play>({ at: "idle" });

let leaving = new AbortController();

let playing: string | undefined;
/** Who signs out, or in as somebody else, takes neither a queue nor a match along. */
effect(() => {
  const who = player.value?.playerId;
  if (who === playing) return;
  playing = who;
  leaving.abort();
  leaving = new AbortController();
  play.value = { at: "idle" };
});

/** Queues in a mode, takes the seat and plays until the end: `play` tells how far it is. Ends in `over` or `failed`, or in `idle` if the queue was left. */
export function start(mode: string): void {
  if (["queueing", "joining", "playing"].includes(play.value.at)) return;
  leaving = new AbortController();
  const { signal: left } = leaving;
  // Of another player, who signed out, the end comes late and is not told.
  const tell = (now: Play): void => {
    if (leaving.signal === left) play.value = now;
  };
  detach(queueAndPlay(mode, left, tell));
}

async function queueAndPlay(mode: string, left: AbortSignal, tell: (now: Play) => void): Promise<void> {
  const queueing = { at: "queueing", mode, since: performance.now() } as const;
  tell(queueing);
  let found: FoundMatch | undefined;
  try {
    const connection = await connect();
    found = await connection
      .queue(mode, { signal: left, onPaused: (paused) => tell({ ...queueing, paused }) })
      .catch((err: unknown) => {
        const held = heldSeat(err);
        if (!held) throw err;
        return held;
      });
    tell({ at: "joining", mode: found.mode });
    // What plays comes with the first match, not with the start page.
    const [{ game }, playing] = await Promise.all([gameUi(found.gameId), import("./played-feed.ts")]);
    const match = (await connection.join(found, game as Game)) as PlayingMatch;
    await playMatch({ connection, found, match, game: game as Game, Feed: playing.PlayedFeed }, tell);
  } catch (err) {
    tell(left.aborted && !found ? { at: "idle" } : { at: "failed", mode, error: err });
  }
}

interface Joined {
  readonly connection: Realtime;
  readonly found: FoundMatch;
  readonly match: PlayingMatch;
  readonly game: Game;
  readonly Feed: typeof PlayedFeed;
}

async function playMatch({ connection, found, match, game, Feed }: Joined, tell: (now: Play) => void): Promise<void> {
  const names = found.players.toSorted((a, b) => a.seat - b.seat).map(seatName);
  const feed = new Feed(match, game, names);
  const quality = new LinkQuality(connection, match, (ms) => feed.onRoundTrip(ms));
  const away = signal<Away | undefined>(undefined);
  match.onSeatStatus(({ seat, connected, graceMs }) => {
    away.value = connected ? undefined : { seat, until: performance.now() + graceMs };
  });
  tell({ at: "playing", found, match, feed: feed as unknown as Running["feed"], quality, away });
  const end = await match.ended;
  quality.stop();
  feed.stop();
  tell({ at: "over", found, seat: match.seat, end });
}

export function leaveQueue(): void {
  leaving.abort();
}

export async function giveUp(): Promise<void> {
  await realtime.value?.leaveMatch();
}

export function dismiss(): void {
  play.value = play.value.at === "over" ? { at: "idle", after: play.value.found.matchId } : { at: "idle" };
}

/** The player has a seat in another mode: that match is the one to go on with. */
function heldSeat(err: unknown): FoundMatch | undefined {
  if (!(err instanceof MusterError) || err.code !== "already_in_match") return undefined;
  return err.details?.["found"] as FoundMatch | undefined;
}
