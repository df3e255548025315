// On the hot path, once per batch of inputs: design/realtime/performance.md.
//
// What the inputs of a batch need, read for all of them before the first is handed on: socket, connection, seat. One after the other, each
// input would wait for each of the three to come back from memory; a pass over all sockets has nothing to wait for, and what it reads
// makes the reads of the next pass possible. The shard does the same before its ticks (tick/prefetch.ts there).

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
