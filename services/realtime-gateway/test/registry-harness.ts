// The match registry of one gateway, with players, links and a matchmaker that record what they receive.
import type { LinkEnded, LinkFollow, LinkJoined } from "@muster/contracts/realtime/link/v1";
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import { createLogger } from "@muster/log";
import { PUBLIC_VIEW } from "@muster/realtime";
import { vi } from "vitest";
import { Outbound } from "../src/connection/outbound.ts";
import type { FollowedMatch } from "../src/matches/followed-match.ts";
import type { Player } from "../src/matches/player.ts";
import type { RelocateRequest } from "../src/matches/question.ts";
import type { Seat } from "../src/matches/seat.ts";
import { MatchRegistry } from "../src/matches/registry.ts";
import type { LinkSession, ShardLink } from "../src/shards/shard-link.ts";
import { ReadingSocket } from "./reading-socket.ts";
import { tickFrame } from "./tick-frame.ts";

export const MATCH = "m";
const log = createLogger("test", "silent");
const NOTHING = new Uint8Array(0);

/** A link on which nobody answers: the test says what the shard does. */
export class RecordingLink {
  suspected = false;
  readonly address: string;
  /** What was sent, in words. */
  readonly sent: string[] = [];
  readonly sessions = new Map<number, LinkSession>();
  #next = 1;

  constructor(address: string) {
    this.address = address;
  }
  join(session: LinkSession): number {
    this.sessions.set(this.#next, session);
    this.sent.push(`join ${this.#next}`);
    return this.#next++;
  }
  leave(session: number, forfeit: boolean): void {
    if (this.sessions.delete(session)) this.sent.push(`leave ${session}${forfeit ? " forfeit" : ""}`);
  }
  watch(matchId: string): void {
    this.sent.push(`watch ${matchId}`);
  }
  unwatch(matchId: string): void {
    this.sent.push(`unwatch ${matchId}`);
  }
  transferLog({ matchId, epoch, ticks }: { matchId?: string; epoch?: number; ticks?: number }): void {
    this.sent.push(`transfer ${matchId}: epoch ${epoch}, ${ticks} ticks`);
  }
  unbind(match: FollowedMatch): void {
    this.sent.push(`unbind ${match.matchId}`);
  }

  get it(): ShardLink {
    return this as unknown as ShardLink;
  }
}

/** Somebody with a socket. `heard`: what was told, in words. */
export interface Listener {
  readonly player: Player;
  readonly heard: string[];
  readonly frames: number[];
}

export function listener(): Listener {
  const heard: string[] = [];
  const frames: number[] = [];
  const socket = Object.assign(new ReadingSocket(), {
    send: (bytes: Uint8Array) => (frames.push(bytes[1] as number), "sent" as const),
  });
  const player: Player = {
    outbound: new Outbound(socket),
    onJoined: ({ seat }) => void heard.push(`joined ${seat}`),
    onJoinRefused: (why) => void heard.push(`refused: ${why}`),
    onInputRefused: (code) => void heard.push(`input refused: ${code}`),
    onSeatStatus: ({ seat, connected }) => void heard.push(`seat ${seat} ${connected ? "is back" : "is away"}`),
    onEnded: ({ reason }) => void heard.push(`ended: ${reason}`),
    onCancelled: (reason) => void heard.push(`cancelled: ${reason}`),
    onReplaced: () => void heard.push("replaced"),
  };
  return { player, heard, frames };
}

export class RegistryHarness {
  readonly links = new Map<string, RecordingLink>();
  readonly asked: RelocateRequest[] = [];
  readonly movedMs: number[] = [];
  lost = 0;
  cutOff = false;
  readonly matches: MatchRegistry;

  constructor() {
    const nothing = (): undefined => undefined;
    const counters = { sent: nothing, skipped: nothing, caughtUp: nothing };
    const metrics = { ...counters, moved: (ms: number) => void this.movedMs.push(ms), lost: () => void this.lost++ };
    this.matches = new MatchRegistry({
      linkTo: (address) => this.link(address).it,
      isCutOff: () => this.cutOff,
      ask: (requests) => void this.asked.push(...requests),
      spectators: { delayMs: 0, perMatchMax: 10 },
      metrics,
      log,
    });
  }

  link(address: string): RecordingLink {
    const link = this.links.get(address) ?? new RecordingLink(address);
    this.links.set(address, link);
    return link;
  }

  take({ player }: Listener, shardAddress = "a:1", epoch = 1): Seat {
    const claim = { seatTicket: "", traceparent: "", lastMatchSeq: 0 };
    return this.matches.take(player, { matchId: MATCH, epoch, shardAddress }, claim);
  }

  /** The shard has this gateway carry the match. */
  follow(address: string, { epoch = 1, channel = 1, afterTicks = 0, witness = false } = {}): FollowedMatch | undefined {
    const value = { matchId: MATCH, epoch, witness, afterTicks, check: 0, log: NOTHING, channel };
    return this.matches.onFollow(this.link(address).it, value as unknown as LinkFollow);
  }

  /** The shard gives a seat, on every join that waits there. */
  join(address: string, number = 0): void {
    for (const session of this.link(address).sessions.values())
      session.onJoined({ seat: number, view: PUBLIC_VIEW } as unknown as LinkJoined);
  }

  refuse(address: string, code: string): void {
    const { sessions } = this.link(address);
    for (const [id, session] of sessions) {
      sessions.delete(id);
      session.onRefused(code);
    }
  }

  /** A player in the match at a:1, which has had two ticks. */
  playing(): { one: Listener; seat: Seat; match: FollowedMatch } {
    const one = listener();
    const seat = this.take(one);
    const match = this.follow("a:1") as FollowedMatch;
    this.join("a:1");
    match.onKeyframe(PUBLIC_VIEW, Uint8Array.of(0, 100));
    for (const tick of [1, 2]) {
      const frame = tickFrame(tick, Uint8Array.of(0, tick));
      match.onTick(frame, 0, frame.length);
    }
    return { one, seat, match };
  }

  /** The matchmaker says where the match is, or why it is nowhere. */
  tell(location: Partial<RelocatedMatch>): void {
    this.matches.onRelocated([{ matchId: MATCH, epoch: 1, shardAddress: "", over: "", ...location } as RelocatedMatch]);
  }

  cut(address: string): void {
    this.matches.onClosed(this.link(address).it);
    this.links.delete(address);
  }

  end(match: FollowedMatch): void {
    this.matches.onEnded(match, { reason: "played", seats: [] } as unknown as LinkEnded);
  }

  /** On vitest's clock; what was asked since. */
  pass(ms: number): RelocateRequest[] {
    vi.advanceTimersByTime(ms);
    vi.advanceTimersByTime(1); // what the last timers put off to the end of their turn
    return this.asked.splice(0);
  }
}
