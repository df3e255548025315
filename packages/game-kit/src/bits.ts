/** What arrives is wire input: reading past its end is refused, never trusted. */
export class MalformedBitsError extends Error {
  override readonly name = "MalformedBitsError";
}

/** Writes fields of 1 to 32 bits, least significant bit first, into a buffer that grows and is used again. */
export class BitWriter {
  #bytes: Uint8Array;
  #at = 0;
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

  /** What was written, padded with zero bits to whole bytes. Valid until the next reset. */
  finish(): Uint8Array {
    if (this.#pendingBits > 0) {
      this.#byte(this.#pending);
      this.#pending = 0;
      this.#pendingBits = 0;
    }
    return this.#bytes.subarray(0, this.#at);
  }

  #write16(value: number, bits: number): void {
    this.#pending |= (value & ((1 << bits) - 1)) << this.#pendingBits;
    this.#pendingBits += bits;
    while (this.#pendingBits >= 8) {
      this.#byte(this.#pending);
      this.#pending >>>= 8;
      this.#pendingBits -= 8;
    }
  }

  #byte(value: number): void {
    if (this.#at === this.#bytes.length) {
      const bigger = new Uint8Array(this.#bytes.length * 2);
      bigger.set(this.#bytes);
      this.#bytes = bigger;
    }
    this.#bytes[this.#at++] = value;
  }
}

/** Reads what BitWriter wrote. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #bit: number;

  constructor(bytes: Uint8Array, fromByte = 0) {
    this.#bytes = bytes;
    this.#bit = fromByte * 8;
  }

  /** @returns an unsigned number of `bits` bits. @throws MalformedBitsError past the end. */
  read(bits: number): number {
    if (this.#bit + bits > this.#bytes.length * 8) throw new MalformedBitsError("the frame is too short");
    let value = 0;
    for (let got = 0; got < bits; ) {
      const offset = this.#bit & 7;
      const take = Math.min(8 - offset, bits - got);
      const part = ((this.#bytes[this.#bit >>> 3] as number) >>> offset) & ((1 << take) - 1);
      value |= part << got;
      got += take;
      this.#bit += take;
    }
    return value >>> 0;
  }

  /** @throws MalformedBitsError unless only the zero padding of the last byte is left. */
  expectEnd(): void {
    const left = this.#bytes.length * 8 - this.#bit;
    if (left >= 8) throw new MalformedBitsError("the frame is too long");
    if (left > 0 && this.read(left) !== 0) throw new MalformedBitsError("the padding is not zero");
  }
}
