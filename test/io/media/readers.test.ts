import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/io/media/byte-reader.ts';
import { TickReader } from '../../../src/io/media/tick-reader.ts';

/** A reader of a stream that pauses whenever it is told to. */
function readerOf(stream: PassThrough): ByteReader {
  const reader = new ByteReader(() => stream.resume());
  stream.on('data', (bytes: Uint8Array) => {
    if (!reader.arrived(bytes)) stream.pause();
  });
  stream.on('end', () => reader.finish());
  stream.pause();
  return reader;
}

describe('ByteReader', () => {
  test('gives the same bytes in order, however they arrive and are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
        async (chunks, sizes) => {
          const stream = new PassThrough();
          const reader = readerOf(stream);
          const sending = (async () => {
            for (const chunk of chunks) {
              stream.write(chunk);
              if ((chunk[0] ?? 0) % 2 === 0) await new Promise((done) => setImmediate(done));
            }
            stream.end();
          })();
          const received: number[] = [];
          for (let turn = 0; ; turn++) {
            const into = new Uint8Array(sizes[turn % sizes.length] ?? 1);
            const filled = await reader.read(into);
            received.push(...into.subarray(0, filled));
            if (filled < into.length) break;
          }
          await sending;
          expect(received).toEqual(chunks.flatMap((chunk) => [...chunk]));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('takes nothing more while nobody reads', async () => {
    let given = 0;
    const stream = new PassThrough({ highWaterMark: 1024 });
    const reader = readerOf(stream);
    const feed = () => {
      while (given < 1_000_000 && stream.write(new Uint8Array(1024))) given += 1024;
    };
    stream.on('drain', feed);
    feed();
    await reader.read(new Uint8Array(10));
    for (let turn = 0; turn < 50; turn++) await new Promise((done) => setImmediate(done));
    expect(given).toBeLessThan(10_000);
  });

  test('a failure reaches the waiting read and every later one', async () => {
    const reader = readerOf(new PassThrough());
    const waiting = reader.read(new Uint8Array(4));
    reader.fail(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(Promise.resolve(reader.read(new Uint8Array(4)))).rejects.toThrow('gone');
  });
});

describe('TickReader', () => {
  test('reads the lines of the metadata filter, however they are cut', async () => {
    const stream = new PassThrough();
    const reader = new TickReader(stream);
    const text =
      'frame:0    pts:133500  pts_time:1.48333\nt=1\nframe:1    pts:-5      pts_time:-0.005\nt=1\nframe:0    pts:NOPTS   pts_time:NOPTS\nt=1\n';
    for (let offset = 0; offset < text.length; offset += 5) stream.write(text.slice(offset, offset + 5));
    stream.end();
    expect([await reader.next(), await reader.next(), await reader.next(), await reader.next()]).toEqual([
      133_500,
      -5,
      undefined,
      undefined,
    ]);
  });
});
