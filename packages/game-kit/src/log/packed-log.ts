// The format in which match-service stores an input log.
import { BadReplayError } from "./bad-replay-error.ts";

/** Packs a log for storage: adds an FNV-1a checksum (32 bits, Fowler/Noll/Vo), then deflates (RFC 1951). */
export async function packLog(log: Uint8Array): Promise<Uint8Array> {
  const sealed = new Uint8Array(log.length + SEAL_BYTES);
  sealed.set(log);
  new DataView(sealed.buffer).setUint32(log.length, fnv1a(log), true);
  return through(sealed, new CompressionStream("deflate-raw"));
}

/** @throws BadReplayError if the bytes are damaged, even by one bit, or if the log has more than `bytesMax` */
export async function unpackLog(packed: Uint8Array, bytesMax: number = Infinity): Promise<Uint8Array> {
  const sealedMax = bytesMax + SEAL_BYTES;
  const sealed = await through(packed, new DecompressionStream("deflate-raw"), sealedMax).catch((err: unknown) => {
    if (err instanceof BadReplayError) throw err;
    throw new BadReplayError("the log is damaged: it cannot be inflated", { cause: err });
  });
  const log = sealed.subarray(0, Math.max(0, sealed.length - SEAL_BYTES));
  const seal = sealed.length < SEAL_BYTES ? -1 : new DataView(sealed.buffer).getUint32(log.length, true);
  if (seal !== fnv1a(log)) throw new BadReplayError("the log is damaged: its checksum does not match");
  return log;
}

const SEAL_BYTES = 4;

function fnv1a(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  bytesMax = Infinity,
): Promise<Uint8Array> {
  const readable = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream);
  if (bytesMax === Infinity) return new Uint8Array(await new Response(readable).arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw new BadReplayError(`the log has more than ${bytesMax} bytes`);
    }
    chunks.push(next.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
