import { LINK_TICK_HEADER_BYTES } from "@muster/realtime";

/** A link frame of type tick, without its type: see STANDARD.md. An empty delta: the tick's state is not shown. */
export function tickFrame(
  tick: number,
  delta: Uint8Array,
  { record = Uint8Array.of(0), check = 0 }: { readonly record?: Uint8Array; readonly check?: number } = {},
): Uint8Array {
  const frame = new Uint8Array(LINK_TICK_HEADER_BYTES + record.length + delta.length);
  const view = new DataView(frame.buffer);
  view.setUint32(4, tick, true);
  view.setUint16(8, check, true);
  view.setUint16(10, record.length, true);
  frame.set(record, LINK_TICK_HEADER_BYTES);
  frame.set(delta, LINK_TICK_HEADER_BYTES + record.length);
  return frame;
}
