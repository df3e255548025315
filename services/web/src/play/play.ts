// The way of a player from a mode to the end of its match. It belongs to the tab and not to a page of it: who looks at the
// leaderboard meanwhile keeps the queue and the seat.
import { type FoundMatch, type MatchEnd, MusterError, type PlayingMatch } from "@muster/client";
import type { Game } from "@muster/game-kit";
import { signal } from "@preact/signals";
import { gameUi } from "../games/index.ts";
import { connect, realtime } from "../session/session.ts";
import { readStored, writeStored } from "../session/stored.ts";
import { LinkQuality } from "./link-quality.ts";
import { PlayedFeed } from "./played-feed.ts";
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
  | { readonly at: "idle" }
  | { readonly at: "queueing"; readonly mode: string; readonly since: number }
  | { readonly at: "joining"; readonly mode: string }
  | ({ readonly at: "playing" } & Running)
  | {
      readonly at: "over";
      readonly found: FoundMatch;
      readonly seat: number;
      readonly end: MatchEnd;
      readonly options: Readonly<Record<string, number>>;
    }
  | { readonly at: "failed"; readonly mode: string; readonly error: unknown };

export const play = signal<Play>({ at: "idle" });

/** The mode of the match in which this browser has a seat: a page that is loaded again asks for that seat. */
const SEAT_MODE = "seat-mode";
let leaving = new AbortController();

/** Queues in a mode, takes the seat and plays until the end: `play` tells how far it is. Ends in `over` or `failed`, or in `idle` if the queue was left. */
export function start(mode: string): void {
  if (["queueing", "joining", "playing"].includes(play.value.at)) return;
  detach(queueAndPlay(mode));
}

async function queueAndPlay(mode: string): Promise<void> {
  leaving = new AbortController();
  const { signal: left } = leaving;
  play.value = { at: "queueing", mode, since: performance.now() };
  try {
    const connection = await connect();
    let found: FoundMatch;
    try {
      found = await connection.queue(mode, { signal: left });
    } catch (err) {
      const held = heldSeat(err);
      if (!held) throw err;
      found = held;
    }
    play.value = { at: "joining", mode: found.mode };
    writeStored(SEAT_MODE, found.mode);
    const ui = await gameUi(found.gameId);
    const match = (await connection.join(found, ui.game as Game)) as PlayingMatch;
    await playMatch(found, match, ui.game as Game);
  } catch (err) {
    if (left.aborted) play.value = { at: "idle" };
    else play.value = { at: "failed", mode, error: err };
    forgetSeatIfGone(err);
  }
}

async function playMatch(found: FoundMatch, match: PlayingMatch, game: Game): Promise<void> {
  const names = found.players
    .toSorted((a, b) => a.seat - b.seat)
    .map(({ name, bot }) => (bot === "" ? name : `${bot} (bot)`));
  const feed = new PlayedFeed(match, game, names);
  const quality = new LinkQuality(await connect(), match, (ms) => feed.onRoundTrip(ms));
  const away = signal<Away | undefined>(undefined);
  match.onSeatStatus(({ seat, connected, graceMs }) => {
    away.value = connected ? undefined : { seat, until: performance.now() + graceMs };
  });
  play.value = { at: "playing", found, match, feed: feed as unknown as Running["feed"], quality, away };
  const end = await match.ended;
  quality.stop();
  feed.stop();
  writeStored(SEAT_MODE, undefined);
  play.value = { at: "over", found, seat: match.seat, end, options: match.options };
}

export function leaveQueue(): void {
  leaving.abort();
}

export async function giveUp(): Promise<void> {
  await realtime.value?.leaveMatch();
}

export function dismiss(): void {
  play.value = { at: "idle" };
}

/** The mode of the seat that this browser held when it was closed or loaded again. */
export function seatMode(): string | undefined {
  return play.value.at === "idle" ? readStored(SEAT_MODE) : undefined;
}

export function forgetSeat(): void {
  writeStored(SEAT_MODE, undefined);
}

/** The player has a seat in another mode: that match is the one to go on with. */
function heldSeat(err: unknown): FoundMatch | undefined {
  if (!(err instanceof MusterError) || err.code !== "already_in_match") return undefined;
  return err.details?.["found"] as FoundMatch | undefined;
}

function forgetSeatIfGone(err: unknown): void {
  if (err instanceof MusterError && ["match_over", "match_not_found", "not_in_match"].includes(err.code)) forgetSeat();
}
