import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { floatInitializer, readWeights } from '../../../src/models/weights/weight-file.ts';
import { mutations, seeded } from '../../fixtures/weights/mutations.ts';
import { sampleArchives, sampleFiles } from '../../fixtures/weights/samples.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const folder = temporaryFolder();
const files = sampleFiles(folder);
const path = join(folder, 'damaged');

/** Reads every value; what is refused must be so by a typed error that says what to do. */
function readAll(bytes: Buffer): void {
  writeFileSync(path, bytes);
  let read = 0;
  try {
    for (const tensor of readWeights(path).tensors.values()) {
      for (const piece of floatInitializer(tensor).pieces()) read += piece.byteLength;
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    expect(error).toMatchObject({ code: 'weights', remedy: expect.stringMatching(/./) });
    expect(error.message.length).toBeLessThan(1000);
  }
  expect(read).toBeLessThanOrEqual(4096 * (bytes.length + 1));
}

const damage = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  kind: fc.constantFrom(...Object.keys(mutations)),
});
const damaged = (bytes: Buffer, { seed, kind }: { seed: number; kind: string }) =>
  mutations[kind]?.(bytes, seeded(seed), [...files.values()]) ?? bytes;

describe('a damaged weight file', () => {
  it.each([...files.keys()])('(%s) is read or refused, never anything else', (name) => {
    fc.assert(
      fc.property(damage, (how) => readAll(damaged(files.get(name) as Buffer, how))),
      { numRuns: 300 },
    );
  });

  it('is read or refused where the archive around damaged content is sound', () => {
    fc.assert(
      fc.property(damage, (how) => {
        for (const make of sampleArchives((bytes) => damaged(bytes, how)).values()) readAll(make());
      }),
      { numRuns: 300 },
    );
  });

  it('of random bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readAll(Buffer.from(bytes))),
      { numRuns: 300 },
    );
  });
});
