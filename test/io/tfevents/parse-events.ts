/** What a parsed event holds. */
export interface ParsedEvent {
  readonly step: number;
  readonly version?: string;
  readonly tag?: string;
  readonly scalar?: number;
  readonly histogram?: { readonly totals: number[]; readonly limits: number[]; readonly counts: number[] };
}

/**
 * A reader of event files apart from the writer: protobuf fields are found by walking the wire
 * format, and a record that a crash cut off is skipped.
 */
export function parseEvents(bytes: Uint8Array): ParsedEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ParsedEvent[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) break;
    events.push(eventOf(bytes.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  return events;
}

function eventOf(bytes: Uint8Array): ParsedEvent {
  const event = walk(bytes);
  const step = Number(event.get(2)?.[0] ?? 0);
  const version = event.get(3)?.[0];
  if (version instanceof Uint8Array) return { step, version: text(version) };
  const summary = event.get(5)?.[0];
  if (!(summary instanceof Uint8Array)) return { step };
  const value = walk(walk(summary).get(1)?.[0] as Uint8Array);
  const tag = text(value.get(1)?.[0] as Uint8Array);
  const histogram = value.get(5)?.[0];
  if (!(histogram instanceof Uint8Array)) return { step, tag, scalar: value.get(2)?.[0] as number };
  const parts = walk(histogram);
  const totals = [1, 2, 3, 4, 5].map((field) => parts.get(field)?.[0] as number);
  return {
    ...{ step, tag },
    histogram: { totals, limits: doubles(parts.get(6)?.[0]), counts: doubles(parts.get(7)?.[0]) },
  };
}

function walk(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const integer = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const key = integer();
    let value: number | Uint8Array;
    if (key % 8 === 0) value = integer();
    else if (key % 8 === 1) [value, at] = [view.getFloat64(at, true), at + 8];
    else if (key % 8 === 5) [value, at] = [view.getFloat32(at, true), at + 4];
    else {
      const length = integer();
      [value, at] = [bytes.subarray(at, at + length), at + length];
    }
    const field = Math.floor(key / 8);
    found.set(field, [...(found.get(field) ?? []), value]);
  }
  return found;
}

function doubles(bytes: number | Uint8Array | undefined): number[] {
  return bytes instanceof Uint8Array ? [...new Float64Array(Uint8Array.from(bytes).buffer)] : [];
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
