// Ends of pages, as clients carry them: opaque, and refused by any other list. No I/O.
import type { Position } from "./position.ts";
import type { Board, BoardPosition } from "./store/boards.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-7][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}";
const BOARD_POSITION = new RegExp(
  String.raw`^board/([a-z0-9-]+)/(\d{1,10})/([a-z0-9-]*)/(-?\d{1,9})/(\d{1,14})/(${UUID})$`,
);
const POSITION = new RegExp(String.raw`^history/(\d{1,14})/(${UUID})$`);

export function encodeBoardPosition(
  { mode, season, region }: Board,
  { display, reachedAtMs, playerId }: BoardPosition,
): string {
  return encode(`board/${mode}/${season}/${region}/${display}/${reachedAtMs}/${playerId}`);
}

/** @throws what `refusal` makes, for a text that is no position of this board; undefined for the empty text: the first page */
export function decodeBoardPosition(board: Board, text: string, refusal: () => Error): BoardPosition | undefined {
  if (text === "") return undefined;
  const [, mode, season, region, display, reachedAtMs, playerId = ""] = BOARD_POSITION.exec(decode(text)) ?? [];
  if (mode !== board.mode || Number(season) !== board.season || region !== board.region) throw refusal();
  return { display: Number(display), reachedAtMs: Number(reachedAtMs), playerId };
}

export function encodePosition({ endedAtMs, matchId }: Position): string {
  return encode(`history/${endedAtMs}/${matchId}`);
}

/** As decodeBoardPosition. */
export function decodePosition(text: string, refusal: () => Error): Position | undefined {
  if (text === "") return undefined;
  const [, endedAtMs, matchId] = POSITION.exec(decode(text)) ?? [];
  if (matchId === undefined) throw refusal();
  return { endedAtMs: Number(endedAtMs), matchId };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function decode(text: string): string {
  return Buffer.from(text, "base64url").toString("latin1");
}
