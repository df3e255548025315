// On the hot path, with every field that is sent: design/realtime/performance.md.

/** Bytes from the network are malformed. */
export class MalformedBitsError extends Error {
  override readonly name = "MalformedBitsError";
}

/** Writes fields of 1 to 32 bits, least significant bit first, into a growing, reusable buffer. */
export class BitWriter {
  #bytes: Uint8Array;
  /** The views that finish() returns, by length; each is created once. */
  #finished: (Uint8Array | undefined)[] = [];
  #at = 0;
  /** Bits that do not fill a byte yet: fewer than 8 between two writes. */
  #pending = 0;
  #pendingBits = 0;

  constructor(bytesInitial = 256) {
    this.#bytes = new Uint8Array(bytesInitial);
  }

  reset(): void {
    this.#at = 0;
    this.#pending = 0;
    this.#pendingBits = 0;
  }

  write(value: number, bits: number): void {
    if (bits > 16) {
      this.#write16(value & 0xffff, 16);
      this.#write16(value >>> 16, bits - 16);
    } else {
      this.#write16(value, bits);
    }
  }

  /** The written bits, padded with zero bits to whole bytes. Valid until the next reset. */
  finish(): Uint8Array {
    if (this.#pendingBits > 0) {
      this.#reserve();
      this.#bytes[this.#at++] = this.#pending;
      this.#pending = 0;
      this.#pendingBits = 0;
    }
    return (this.#finished[this.#at] ??= this.#bytes.subarray(0, this.#at));
  }

  #write16(value: number, bits: number): void {
    let pending = this.#pending | ((value & ((1 << bits) - 1)) << this.#pendingBits);
    let left = this.#pendingBits + bits;
    if (left >= 8) {
      this.#reserve();
      const bytes = this.#bytes;
      let at = this.#at;
      do {
        bytes[at++] = pending;
        pending >>>= 8;
        left -= 8;
      } while (left >= 8);
      this.#at = at;
    }
    this.#pending = pending;
    this.#pendingBits = left;
  }

  /** Makes room for the two bytes that one write can fill. */
  #reserve(): void {
    if (this.#at + 2 < this.#bytes.length) return;
    const bigger = new Uint8Array(this.#bytes.length * 2 + 8);
    bigger.set(this.#bytes);
    this.#bytes = bigger;
    this.#finished = [];
  }
}

/** Reads what BitWriter wrote. One reader can be reused for many frames. */
export class BitReader {
  #bytes: Uint8Array;
  /** Position and end, in bits. */
  #bit = 0;
  #end = 0;

  constructor(bytes: Uint8Array, from = 0, to: number = bytes.length) {
    this.#bytes = bytes;
    this.reset(bytes, from, to);
  }

  reset(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    this.#bytes = bytes;
    this.#bit = from * 8;
    this.#end = to * 8;
  }

  /** @returns an unsigned number of `bits` bits. @throws MalformedBitsError past the end. */
  read(bits: number): number {
    let bit = this.#bit;
    if (bit + bits > this.#end) throw new MalformedBitsError("the frame is too short");
    const bytes = this.#bytes;
    let value = 0;
    for (let got = 0; got < bits; ) {
      const offset = bit & 7;
      const take = Math.min(8 - offset, bits - got);
      value |= (((bytes[bit >>> 3] as number) >>> offset) & ((1 << take) - 1)) << got;
      got += take;
      bit += take;
    }
    this.#bit = bit;
    return value >>> 0;
  }

  /** @throws MalformedBitsError unless only the zero padding of the last byte is left. */
  expectEnd(): void {
    const left = this.#end - this.#bit;
    if (left >= 8) throw new MalformedBitsError("the frame is too long");
    if (left > 0 && this.read(left) !== 0) throw new MalformedBitsError("the padding is not zero");
  }
}
