import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../../src/io/tfevents/crc32c.ts';
import { EventFile } from '../../../src/io/tfevents/event-file.ts';
import { histogramOf } from '../../../src/io/tfevents/histogram.ts';
import { parseEvents } from './parse-events.ts';

const directory = mkdtempSync(join(tmpdir(), 'tfevents-'));
afterAll(() => rmSync(directory, { recursive: true }));
const python = spawnSync('python3', ['--version']).status === 0;
const tensorboard = python && spawnSync('python3', ['-c', 'import tensorboard']).status === 0;

function written(name: string): EventFile {
  const events = EventFile.create(join(directory, name), 7, 1_700_000_000.5);
  events.add({ step: 7, scalars: { 'loss/training': 0.75, 'learning rate': 0.001 } }, 1_700_000_001);
  events.add({ step: 300, histograms: [['output/kernel', Float32Array.of(-1, 0, 0.25, 3)]] }, 1_700_000_002);
  events.close();
  return events;
}

describe('event files of TensorBoard', () => {
  it('have the CRCs of RFC 3720 and the masked CRC of the TFRecord format', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    // Event files that TensorFlow has written begin with these twelve bytes: 24 (the version's
    // event), and its masked CRC.
    expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
  });

  it('give back what was noted, to a reader of its own', () => {
    const { path } = written('read');
    expect(readdirSync(join(directory, 'read'))[0]).toMatch(/^events\.out\.tfevents\.1700000000\./);
    const [version, start, loss, rate, weights] = parseEvents(readFileSync(path));
    expect(version).toEqual({ step: 0, version: 'brain.Event:2' });
    expect(start).toEqual({ step: 7 });
    expect(loss).toEqual({ step: 7, tag: 'loss/training', scalar: 0.75 });
    expect(rate?.scalar).toBeCloseTo(0.001, 9);
    expect(weights?.step).toBe(300);
    expect(weights?.histogram?.totals).toEqual([-1, 3, 4, 2.25, 10.0625]);
  });

  it.skipIf(!python)('are read by Python, CRCs included (skipped without python3)', () => {
    const { path } = written('python');
    const script = fileURLToPath(new URL('read-events.py', import.meta.url));
    const events = JSON.parse(execFileSync('python3', [script, path], { encoding: 'utf8' }));
    expect(events.map(({ step }: { step: number }) => step)).toEqual([0, 7, 7, 7, 300]);
    expect(events[0]).toEqual({ time: 1_700_000_000.5, step: 0, version: 'brain.Event:2' });
    expect(events[1].status).toBe(1);
    expect(events[2]).toMatchObject({ tag: 'loss/training', scalar: 0.75 });
    expect(events[4].histogram.totals).toEqual([-1, 3, 4, 2.25, 10.0625]);
    const bytes = readFileSync(path);
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] as number) ^ 1;
    writeFileSync(join(directory, 'damaged'), bytes);
    expect(spawnSync('python3', [script, join(directory, 'damaged')], { encoding: 'utf8' }).stderr).toContain('CRC of');
  });

  it.skipIf(!tensorboard)('are read by TensorBoard itself (skipped where Python has no tensorboard)', () => {
    written('board');
    const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1]); board.Reload()
print(json.dumps([board.Tags()['scalars'], board.Scalars('loss/training')[0].value, board.Tags()['histograms']]))`;
    const printed = execFileSync('python3', ['-c', script, join(directory, 'board')], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual([['loss/training', 'learning rate'], 0.75, ['output/kernel']]);
  });

  it('are valid up to the record that a crash cut off', () => {
    const { path } = written('cut');
    const whole = parseEvents(readFileSync(path));
    truncateSync(path, readFileSync(path).length - 5);
    expect(parseEvents(readFileSync(path))).toEqual(whole.slice(0, -1));
  });

  it('refuse a directory that cannot be written', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => EventFile.create(join(directory, 'file'), 0)).toThrow(
      expect.objectContaining({ code: 'not-writable' }),
    );
  });
});

describe('a histogram', () => {
  it('counts every value once, between ascending limits around all of them', () => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (numbers) => {
        const { counts, limits, minimum, maximum, count } = histogramOf(Float32Array.from(numbers));
        expect(counts.reduce((sum, each) => sum + each, 0)).toBe(numbers.length);
        expect(count).toBe(numbers.length);
        expect(limits.every((limit, at) => at === 0 || limit >= (limits[at - 1] as number))).toBe(true);
        expect(limits[0]).toBeLessThanOrEqual(minimum);
        expect(limits.at(-1)).toBeGreaterThanOrEqual(maximum);
      }),
    );
  });

  it('leaves out what is not finite, and of no values is empty', () => {
    expect(histogramOf(Float32Array.of(Number.NaN, 2, Number.POSITIVE_INFINITY)).count).toBe(1);
    expect(histogramOf(new Float32Array(0)).counts).toEqual([0]);
  });
});
