// On the hot path, once per batch of inputs: design/realtime/performance.md.
//
// Reads what the inputs of a batch need (socket, connection, seat) for all of them before the first one is processed.
// Processed one at a time, each input would wait for three dependent loads from memory. A pass over all sockets does not
// wait, and what it reads makes the reads of the next pass possible. The shard does the same before its ticks
// (tick/prefetch.ts there).

export interface InputSource {
  readonly connection: { readonly seat: { readonly session: number } | undefined } | undefined;
}

/** What the reads sum up to. Exported, or the engine might prove it useless and leave the reads out. */
export let kept = 0;

/** Reads ahead for the first `count` of these sockets. */
export function readInputsAhead(sockets: readonly InputSource[], count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Number((sockets[i] as InputSource).connection !== undefined);
  for (let i = 0; i < count; i++) sum += Number((sockets[i] as InputSource).connection?.seat !== undefined);
  for (let i = 0; i < count; i++) sum += (sockets[i] as InputSource).connection?.seat?.session ?? 0;
  kept = sum | 0;
}
