// A replay as a file: contracts/replays/file.v1.md. Whoever has the file and the game's build has the match.
import type { GameOptions, SeatOutcome } from "../game.ts";
import { BadReplayError } from "../log/bad-replay-error.ts";
import { unpackLog } from "../log/packed-log.ts";
import type { ReplaySetup } from "./replay.ts";
import type { ReplayClaim } from "./verify-replay.ts";

export interface ReplayFileSeat extends SeatOutcome {
  readonly playerId: string;
  /** The name of the game's bot that played the seat. */
  readonly bot?: string;
}

/** What the file says of the match before its log. Readers ignore properties that they do not know. */
export interface ReplayFileHeader {
  readonly matchId: string;
  readonly mode: string;
  readonly gameId: string;
  readonly buildId: string;
  readonly seed: number;
  readonly options: GameOptions;
  /** By seat. */
  readonly seats: readonly ReplayFileSeat[];
  readonly reason: string;
  readonly ticks: number;
  readonly stateHash: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly endedAt: string;
}

export interface ReplayFile {
  readonly header: ReplayFileHeader;
  /** For `new Replay(game, file.setup, file.log)`. */
  readonly setup: ReplaySetup;
  readonly log: Uint8Array;
  /** The stored result, for `verifyReplay`. */
  readonly claim: ReplayClaim;
}

/** Also says the version: another one has another first line. */
const MAGIC = new TextEncoder().encode("MUSTER-REPLAY 1\n");
const HEADER_AT = MAGIC.length + 4;
/** Of the header: 64 seats and 64 options have room in it. */
const HEADER_BYTES_MAX = 64 * 1024;
/** No server keeps more of a match. A few bytes could otherwise inflate to whatever a reader's machine has, such as a page's tab. */
const LOG_BYTES_MAX = 768 * 1024;

/** `packedLog`: as packLog makes it. The same match makes the same bytes. */
export function replayFileOf(header: ReplayFileHeader, packedLog: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(HEADER_AT + json.length + packedLog.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, HEADER_AT);
  bytes.set(packedLog, HEADER_AT + json.length);
  return bytes;
}

/**
 * `logBytesMax`: a log that is larger when it is inflated is refused. Default: as large as a server makes them.
 * @throws BadReplayError if the bytes are not such a file, or damaged
 */
export async function openReplayFile(bytes: Uint8Array, logBytesMax: number = LOG_BYTES_MAX): Promise<ReplayFile> {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new BadReplayError("this is no replay file of version 1");
  const length = bytes.length < HEADER_AT ? Infinity : viewOf(bytes).getUint32(MAGIC.length, true);
  if (length > HEADER_BYTES_MAX || HEADER_AT + length > bytes.length)
    throw new BadReplayError("the file ends within its header");
  const header = headerFrom(bytes.subarray(HEADER_AT, HEADER_AT + length));
  const log = await unpackLog(bytes.subarray(HEADER_AT + length), logBytesMax);
  const { seed, options, seats, ticks, stateHash } = header;
  return {
    header,
    setup: { seed, options, seats: seats.length },
    log,
    claim: { ticks, stateHash, seats: seats.map(({ score, rank }) => ({ score, rank })) },
  };
}

function headerFrom(bytes: Uint8Array): ReplayFileHeader {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (err) {
    throw new BadReplayError("the header is damaged: it is no JSON", { cause: err });
  }
  if (!isHeader(header)) throw new BadReplayError("the header is damaged: something is missing in it");
  return header;
}

function isHeader(value: unknown): value is ReplayFileHeader {
  if (!isRecord(value)) return false;
  const texts = ["matchId", "mode", "gameId", "buildId", "reason", "stateHash", "createdAt", "endedAt"];
  if (!texts.every((name) => typeof value[name] === "string")) return false;
  const { seed, ticks, options, seats } = value;
  if (![seed, ticks].every(Number.isInteger) || !isRecord(options) || !Array.isArray(seats)) return false;
  return (
    Object.values(options).every(Number.isInteger) &&
    seats.every((seat) => isRecord(seat) && Number.isInteger(seat["score"]) && Number.isInteger(seat["rank"]))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
