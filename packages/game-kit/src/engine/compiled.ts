// Objects that are created once per game and shared by all of its matches.
import { type Game, refuseIncomplete } from "../game.ts";
import { type GameLayout, gameLayoutOf } from "../schema/game-layout.ts";
import type { Fields } from "../schema/schema.ts";
import { type InputCodec, inputCodecOf } from "../wire/input-codec.ts";
import { MemoryMap } from "./memory.ts";
import { SharedStateView } from "./shared-state-view.ts";

export interface Compiled {
  readonly layout: GameLayout;
  readonly input: InputCodec<Fields>;
  readonly view: SharedStateView;
  /** By number of seats. */
  readonly maps: (MemoryMap | undefined)[];
}

const compiled = new WeakMap<object, Compiled>();

export function compiledOf(game: Game): Compiled {
  let found = compiled.get(game);
  if (!found) {
    refuseIncomplete(game);
    const layout = gameLayoutOf(game);
    found = { layout, input: inputCodecOf(game.input), view: new SharedStateView(layout, false), maps: [] };
    compiled.set(game, found);
  }
  return found;
}

/** The memory map for matches of this game. */
export function memoryMapOf(game: Game, seats: number): MemoryMap {
  const { layout, maps } = compiledOf(game);
  return (maps[seats] ??= new MemoryMap(layout.state.words, layout.input.words, seats));
}
