// Puts single WebP pictures into one that moves: https://developers.google.com/speed/webp/docs/riff_container. Browsers encode the pictures, but no films.

export interface WebpFrame {
  /** A whole file of one picture, as a canvas makes it. */
  readonly webp: Uint8Array;
  readonly durationMs: number;
  /** The part of the whole that it replaces. Both of x and y are even: the format counts in twos. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** No frame is transparent. It plays again and again. */
export function animatedWebp(width: number, height: number, frames: readonly WebpFrame[]): Buffer {
  const size = Buffer.concat([u24(width - 1), u24(height - 1)]);
  const chunks = frames.map((frame) => {
    const place = [frame.x / 2, frame.y / 2, frame.width - 1, frame.height - 1, frame.durationMs].map(u24);
    const overwrites = Buffer.of(0b10);
    return chunk("ANMF", Buffer.concat([...place, overwrites, pictureOf(frame.webp)]));
  });
  const animates = Buffer.of(0b10, 0, 0, 0);
  const ground = Buffer.alloc(4, 0xff);
  const forever = Buffer.alloc(2);
  const body = [
    chunk("VP8X", Buffer.concat([animates, size])),
    chunk("ANIM", Buffer.concat([ground, forever])),
    ...chunks,
  ];
  return chunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...body]));
}

/** The chunk with the picture itself: lossy or lossless. */
function pictureOf(webp: Uint8Array): Buffer {
  const file = Buffer.from(webp);
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    const bytes = file.readUInt32LE(at + 4);
    if (name === "VP8 " || name === "VP8L") return chunk(name, file.subarray(at + 8, at + 8 + bytes));
    at += 8 + bytes + (bytes % 2);
  }
  throw new Error("not a WebP picture");
}

function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function u24(value: number): Buffer {
  return Buffer.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff);
}
