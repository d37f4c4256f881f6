const START_CODE = Buffer.from([0, 0, 1]);

/**
 * The parameter sets of an H.264 or HEVC stream, each from its header on: they follow start codes,
 * or are in the record that MP4 and Matroska files keep of them, `avcC` or `hvcC`.
 */
export function parameterSets(parameters: Buffer, codec: 'h264' | 'hevc'): Buffer[] {
  if (parameters.length < 8) return [];
  const isRecord = parameters.readUIntBE(0, 3) > 1;
  if (isRecord) return codec === 'h264' ? inAvcRecord(parameters) : inHevcRecord(parameters);
  const units: Buffer[] = [];
  for (let at = parameters.indexOf(START_CODE); at >= 0; at = parameters.indexOf(START_CODE, at + 3))
    units.push(parameters.subarray(at + 3));
  return units;
}

function inAvcRecord(record: Buffer): Buffer[] {
  return listed(record, 6, (record[5] ?? 0) & 31).units;
}

/** One list for each kind of set. */
function inHevcRecord(record: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let at = 23;
  for (let left = record[22] ?? 0; left > 0 && at + 3 <= record.length; left -= 1) {
    const list = listed(record, at + 3, record.readUInt16BE(at + 1));
    units.push(...list.units);
    at = list.end;
  }
  return units;
}

function listed(record: Buffer, from: number, count: number): { readonly units: Buffer[]; readonly end: number } {
  const units: Buffer[] = [];
  let end = from;
  while (units.length < count && end + 2 <= record.length) {
    const start = end + 2;
    end = start + record.readUInt16BE(end);
    units.push(record.subarray(start, end));
  }
  return { units, end };
}

/** The bits of a parameter set, without the emulation-prevention bytes; zeros after its end. */
export class SetReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(unit: Buffer) {
    this.#bytes = unit.filter((byte, at) => !(byte === 3 && at > 1 && unit[at - 1] === 0 && unit[at - 2] === 0));
  }

  /** One bit. */
  bit(): number {
    const bit = ((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }

  /** A number of this many bits. */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) value = 2 * value + this.bit();
    return value;
  }

  /** Skips this many bits. */
  skip(count: number): void {
    this.#at += count;
  }

  /** An Exp-Golomb code. */
  number(): number {
    let zeros = 0;
    while (zeros < 32 && this.bit() === 0) zeros += 1;
    return 2 ** zeros - 1 + this.bits(zeros);
  }
}
