// Reading and writing of binary records with a bound: a reader never runs past its end but throws
// EndOfBytes, a writer grows. DICOM data sets are little endian, PS3.8 PDUs big endian.

/** Thrown when fewer bytes are left than asked for. */
export class EndOfBytes extends RangeError {
  override readonly name = "EndOfBytes";
}

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  readonly end: number;
  position: number;

  constructor(bytes: Uint8Array, littleEndian: boolean, start = 0, end = bytes.byteLength) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
    this.position = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  #advance(count: number): number {
    const at = this.position;
    if (count < 0 || at + count > this.end)
      throw new EndOfBytes(`${count} bytes wanted at offset ${at}, ${this.left} left`);
    this.position = at + count;
    return at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), this.#littleEndian);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), this.#littleEndian);
  }

  /** A view of the next `count` bytes, not a copy. */
  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.bytes.subarray(at, at + count);
  }

  skip(count: number): void {
    this.#advance(count);
  }
}

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  readonly #littleEndian: boolean;
  #length = 0;

  constructor(littleEndian: boolean, initialBytes = 1024) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#littleEndian = littleEndian;
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const need = at + count;
    if (need > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.byteLength * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = need;
    return at;
  }

  uint8(value: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, this.#littleEndian);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, this.#littleEndian);
  }

  put(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, at);
  }

  /** `count` bytes of `fill`. */
  pad(count: number, fill = 0): void {
    const at = this.#reserve(count);
    this.#bytes.fill(fill, at, at + count);
  }

  /** Overwrites a length written as a placeholder before. */
  patchUint16(at: number, value: number): void {
    this.#view.setUint16(at, value, this.#littleEndian);
  }

  patchUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, this.#littleEndian);
  }

  /** What was written; a view that is valid until the next write. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
