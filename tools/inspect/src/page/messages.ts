// What the processes of an inspection in the browser tell each other: the page, the server that it comes from, and the process in which
// the game runs. No imports but of types: the page is built from this as well.
import type { FoundProblem, InspectedTick, Moment } from "@muster/game-kit/trial";

/** One of the game's values, in the order of the state's words. */
export interface SlotDescription {
  readonly path: string;
  readonly bits: number;
  readonly signed: boolean;
}

/** A field of a player's input. A flag has the range 0 to 1. */
export interface InputField {
  readonly name: string;
  readonly isFlag: boolean;
  readonly min: number;
  readonly max: number;
}

/** A game, as far as the page shows it. */
export interface ShownGame {
  readonly id: string;
  readonly buildId: string;
  /** Equal if and only if state and input have the same fields. */
  readonly layoutHash: string;
  readonly tickRate: number;
  readonly inputMode: "held" | "event";
  readonly seats: number;
  readonly conceals: boolean;
  readonly bots: readonly string[];
  readonly slots: readonly SlotDescription[];
  /** Undefined for inputs that contain lists: only bots and chance play these. */
  readonly input: readonly InputField[] | undefined;
}

export interface MatchSetup {
  readonly seed: number;
  readonly seats: number | undefined;
  readonly options: Readonly<Record<string, number>>;
}

export type InputValues = Readonly<Record<string, number>>;

/** Who decides for a seat: a person on the page, a bot by its name, chance, or nobody. */
export type Control = "person" | "chance" | "nobody" | `bot ${string}`;

/** For one seat and one step. `values`: what a person has sent that arrives with this step. */
export interface SeatOrder {
  readonly control: Control;
  readonly values: InputValues | undefined;
}

/** What a client has of a tick. */
export interface SeenState {
  /** As its decoder has it. */
  readonly words: readonly number[];
  readonly hash: string;
  /** Whether that is what the match has (or what the game lets this seat see). */
  readonly same: boolean;
  readonly bytes: number;
  readonly bits: InspectedTick["bits"];
}

/** One tick, and everything that is shown of it. */
export interface TickRecord extends InspectedTick {
  readonly words: readonly number[];
  readonly seen: readonly SeenState[];
  /** Seats whose input accepts() did not accept. */
  readonly refused: readonly number[];
  readonly result: readonly { readonly score: number; readonly rank: number }[] | undefined;
  readonly over: boolean;
  readonly moment: Moment;
}

/** To the game's process, which answers each with one answer. */
export type GameRequest =
  | { readonly kind: "begin"; readonly word: string; readonly setup: MatchSetup }
  | { readonly kind: "goTo"; readonly moment: Moment }
  /** `always`: also where no player does anything, as when the time of a turn is over. */
  | { readonly kind: "step"; readonly orders: readonly SeatOrder[]; readonly always: boolean };

export type GameAnswer =
  | { readonly kind: "begun"; readonly game: ShownGame; readonly record: TickRecord }
  | { readonly kind: "stepped"; readonly record: TickRecord | undefined }
  | { readonly kind: "failed"; readonly message: string };

/** From the page. */
export type Order =
  | { readonly kind: "play" }
  | { readonly kind: "pause" }
  | { readonly kind: "step" }
  | { readonly kind: "goTo"; readonly tick: number }
  | { readonly kind: "restart"; readonly seed: number }
  | { readonly kind: "speed"; readonly speed: number }
  | { readonly kind: "control"; readonly seat: number; readonly control: Control }
  | { readonly kind: "input"; readonly seat: number; readonly values: InputValues }
  | { readonly kind: "link"; readonly seat: number; readonly latencyMs: number; readonly lossPercent: number };

export interface ShownLink {
  readonly latencyMs: number;
  readonly lossPercent: number;
}

/** One of the clients. */
export interface ShownClient {
  readonly control: Control;
  readonly link: ShownLink;
  /** The newest tick that has reached it. */
  readonly tick: number;
  readonly seen: SeenState;
}

export interface FieldCost {
  readonly path: string;
  readonly changes: number;
  readonly bits: number;
}

export interface TickLine {
  readonly tick: number;
  readonly hash: string;
  readonly deltaBytes: number;
  readonly inputBytes: number;
  readonly problems: number;
}

/** Everything that the page shows but the game's description, which it gets when there is another one. */
export interface View {
  readonly playing: boolean;
  readonly speed: number;
  readonly seed: number;
  /** How often the rules were loaded. */
  readonly rules: number;
  readonly notice: { readonly kind: "info" | "error"; readonly text: string } | undefined;
  readonly firstTick: number;
  readonly newestTick: number;
  readonly record: Omit<TickRecord, "moment" | "seen">;
  readonly clients: readonly ShownClient[];
  readonly recent: readonly TickLine[];
  /** Of this match so far; a field of a list counts for all of its elements. */
  readonly fields: readonly FieldCost[];
  readonly problems: readonly FoundProblem[];
}
