// What a match needs from the process that runs it.
import type { Link } from "../tick/subscribers.ts";
import type { InputRings } from "../tick/input-rings.ts";
import type { Pace } from "../tick/snapshot-pace.ts";
import type { StepGuard } from "../tick/step-watchdog.ts";
import type { MatchOutcome } from "./match-spec.ts";

/** A match's names within this process. */
export interface MatchIds {
  /** On links: above 0, and never used again. */
  readonly channel: number;
  /** Its slot in the step watchdog's memory. */
  readonly watchdogSlot: number;
}

/** `M`: the match itself, which knows its owner. */
export interface MatchOwner<M> {
  /** Of all its matches. */
  readonly inputs: InputRings;
  /** Of the snapshots of games with a clock. */
  readonly pace: Pace;
  /** Around every step of its game. */
  readonly guard: StepGuard;
  /** All players are here: tick it. */
  onStart(match: M): void;
  /** An input for a game without a clock: call `stepPending` soon. */
  onInput(match: M): void;
  /** The seat is given up, and the match goes on. */
  onLeft(match: M, seat: number): void;
  /** Called once. */
  onOver(match: M, outcome: MatchOutcome): void;
  /** A linked gateway that does not carry this match yet, to replicate its log. */
  replicaFor(match: M): Link | undefined;
  onFault(match: M, err: unknown): void;
}
