import { describe, expect, test } from 'vitest';
import { TextOutput } from '../../../src/io/media/decoder-child.ts';
import { TickReader } from '../../../src/io/media/tick-reader.ts';

describe('TickReader', () => {
  test('reads the lines of the metadata filter, however they are cut', async () => {
    const stream = new TextOutput();
    const reader = new TickReader(stream);
    const text =
      'frame:0    pts:133500  pts_time:1.48333\nt=1\nframe:1    pts:-5      pts_time:-0.005\nt=1\nframe:0    pts:NOPTS   pts_time:NOPTS\nt=1\n';
    for (let offset = 0; offset < text.length; offset += 5) stream.emit('data', text.slice(offset, offset + 5));
    stream.emit('end');
    expect([await reader.next(), await reader.next(), await reader.next(), await reader.next()]).toEqual([
      133_500,
      -5,
      undefined,
      undefined,
    ]);
  });
});
