// A game's layouts, created once and shared by all of its matches.
import type { Game } from "../game.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { type Fields, list, uint } from "./schema.ts";

/** The kit's own fields, which every state has beside the game's. */
const KIT_FIELDS = { rng: uint(32) } as const;

export interface GameLayout {
  readonly state: Layout<Fields>;
  readonly input: Layout<Fields>;
  /** The index of the random generator's word in the state. */
  readonly rngAt: number;
}

const layouts = new WeakMap<object, GameLayout>();

/** @throws RangeError for a schema that cannot be laid out */
export function gameLayoutOf(game: Pick<Game, "id" | "state" | "input">): GameLayout {
  let found = layouts.get(game);
  if (!found) {
    const state = layoutOf(stateFieldsOf(game));
    const rngAt = state.slots.findIndex(({ path }) => path === "kit[0].rng");
    found = { state, input: layoutOf(game.input), rngAt };
    layouts.set(game, found);
  }
  return found;
}

/** @throws RangeError if the game has a field named kit */
export function stateFieldsOf(game: Pick<Game, "id" | "state">): Fields {
  if (Object.hasOwn(game.state, "kit"))
    throw new RangeError(`${game.id}: the name kit is reserved for the kit's own fields`);
  return { kit: list(1, KIT_FIELDS), ...game.state };
}
