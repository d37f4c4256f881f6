import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { SourceFile } from '../../../src/models/weights/source-file.ts';
import { readZipEntries } from '../../../src/models/weights/zip-entry.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const path = join(temporaryFolder(), 'archive.zip');

function read(bytes: Uint8Array) {
  writeFileSync(path, bytes);
  const file = new SourceFile(path);
  try {
    return readZipEntries(file);
  } finally {
    file.close();
  }
}

/** The archive of one entry with one of its fields changed, by the signature of the record. */
function changed(bytes: Buffer, record: 'local' | 'central' | 'end', offset: number, value: number, width = 4): Buffer {
  const signature = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 }[record];
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(signature);
  const copy = Buffer.from(bytes);
  copy.writeUIntLE(value, copy.indexOf(mark) + offset, width);
  return copy;
}

const plain = joined(writeZip([zipContent('a', 'some content')]));
const text = Buffer.from('some content '.repeat(50_000));
const packed = joined(writeZip([zipContent('a', text, { deflate: true })]));
const all = (bytes: Uint8Array) => [...read(bytes).values()].map((entry) => joined(entry.pieces(0, entry.byteLength)));

describe('zip archives', () => {
  it('give any part of any entry, stored or deflated, narrow or wide', () => {
    const how = fc.record({ deflate: fc.boolean(), wide: fc.boolean() });
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(9).map((value) => new Uint8Array(100_000).fill(value)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(content, how), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        (list, one, two) => {
          const entries = read(
            joined(writeZip(list.map(([bytes, each], index) => zipContent(`entry ${index}`, bytes, each)))),
          );
          list.forEach(([bytes], index) => {
            const [start, end] = [one % (bytes.length + 1), two % (bytes.length + 1)].sort((a, b) => a - b);
            const part = joined(entries.get(`entry ${index}`)?.pieces(start as number, end as number) ?? []);
            expect(part.equals(bytes.subarray(start, end))).toBe(true);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('give entries of several pieces as they were', () => {
    const content = Uint8Array.from({ length: 2_500_000 }, (_, index) => (index * 7919) >> 5);
    for (const deflate of [false, true]) {
      const entry = read(joined(writeZip([zipContent('large', content, { deflate })]))).get('large');
      expect(joined(entry?.pieces(0, content.length) ?? []).equals(content)).toBe(true);
      expect(joined(entry?.pieces(99_999, content.length - 1) ?? []).equals(content.subarray(99_999, -1))).toBe(true);
    }
  });

  it('give pieces of at most 1 MiB of an entry that expands a thousandfold', () => {
    const zeros = new Uint8Array(5_000_000);
    const entry = read(joined(writeZip([zipContent('zeros', zeros, { deflate: true })]))).get('zeros');
    expect([...(entry?.pieces(0, zeros.length) ?? [])].map((piece) => piece.byteLength)).toEqual([
      ...new Array(4).fill(2 ** 20),
      5_000_000 - 4 * 2 ** 20,
    ]);
  });

  it.each<[string, Buffer, string]>([
    ['without its end', plain.subarray(0, -1), 'its directory, which should be at the end, is missing'],
    ['that claims more entries than fit', changed(plain, 'end', 10, 60_000, 2), 'claims 60000 entries'],
    ['that claims a directory beyond its end', changed(plain, 'end', 16, 2 ** 31), 'its directory claims'],
    ['that claims a 64-bit directory it lacks', changed(plain, 'end', 16, 2 ** 32 - 1), '64-bit directory is missing'],
    [
      'whose entry claims more than was stored',
      changed(plain, 'central', 24, 10 ** 9),
      'claims 1000000000 bytes out of 12',
    ],
    ['whose deflated entry claims the impossible', changed(packed, 'central', 24, 2 ** 31), 'claims 2147483648 bytes'],
    ['whose entry lies elsewhere', changed(plain, 'central', 42, 5), 'is not where its directory says'],
    ['whose local header has another method', changed(plain, 'local', 8, 8, 2), 'is not where its directory says'],
    ['whose entry is encrypted', changed(plain, 'central', 8, 1, 2), 'is encrypted'],
    ['whose entry is compressed by LZMA', changed(plain, 'central', 10, 14, 2), 'compressed by method 14'],
    ['with two entries of one name', joined(writeZip([zipContent('a', '1'), zipContent('a', '2')])), "two entries 'a'"],
  ])('%s are refused', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(ModelError);
  });

  it('whose entries share bytes are refused', () => {
    const two = joined(writeZip([zipContent('a', 'x'.repeat(100)), zipContent('b', 'y')]));
    const sizes = changed(changed(two, 'central', 20, 120), 'central', 24, 120);
    expect(() => read(sizes)).toThrow('overlaps the one before');
  });

  it('whose content is damaged are refused when it is read', () => {
    const damaged = Buffer.from(plain);
    damaged.write('S', damaged.indexOf('some content'));
    expect(() => all(damaged)).toThrow("entry 'a' is damaged: its CRC-32");
    const broken = Buffer.from(packed);
    broken.fill(0xff, 40, 60);
    expect(() => all(broken)).toThrow(ModelError);
  });

  it('whose entry expands to more or less than it claims are refused', () => {
    const size = text.byteLength;
    expect(() => all(changed(packed, 'central', 24, size - 1))).toThrow(`more than the ${size - 1} bytes`);
    expect(() => all(changed(packed, 'central', 24, size + 1))).toThrow(`expands to ${size} bytes`);
    expect(deflateRawSync(text).byteLength * 1032).toBeGreaterThan(size);
  });
});
