import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/io/fetch/run-program.ts';
import { Downloader, runs } from '../../fixtures/downloader.ts';
import { until } from '../../fixtures/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-program-'));
let downloader: Downloader;
beforeAll(async () => {
  downloader = await Downloader.make(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const forever = { timeout: 60_000, signal: new AbortController().signal };
const words = (id: string) => [
  process.execPath,
  join(directory, 'downloader.mjs'),
  directory,
  downloader.clip,
  id,
  join(directory, `out-${id}`),
];

describe('running a program', () => {
  it('tells its exit code, its signal, and the last lines of what it printed', async () => {
    const loud = await runProgram(words('loud'), forever);
    expect(loud).toMatchObject({ code: 9, signal: null, timedOut: false });
    expect(loud.output.at(-1)).toBe('the last words');
    expect(JSON.stringify(loud.output).length).toBeLessThan(8192);
    expect(await runProgram(words('gone'), forever)).toMatchObject({
      code: 7,
      output: ['[31mERROR: video unavailable'],
    });
    expect(await runProgram(words('term'), forever)).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('gives it no standard input to wait for', async () => {
    const read = ['-e', 'process.stdin.on("end", () => console.log("ended")).resume()'];
    expect(await runProgram([process.execPath, ...read], forever)).toMatchObject({ code: 0, output: ['ended'] });
  });

  it('kills what it left behind when it has ended', async () => {
    expect(await runProgram(words('parent-1'), forever)).toMatchObject({ code: 0 });
    const grandchild = downloader.grandchild('parent-1') ?? 0;
    expect(grandchild).toBeGreaterThan(0);
    await until(() => !runs(grandchild));
  });

  it('does not wait for a child in a group of its own that keeps the pipes open', async () => {
    expect(await runProgram(words('daemon'), forever)).toMatchObject({ code: 0, timedOut: false });
    const daemon = downloader.grandchild('daemon') ?? 0;
    expect(runs(daemon)).toBe(true);
    process.kill(daemon, 'SIGKILL');
  });

  it('kills it and its children on timeout', async () => {
    const end = await runProgram(words('nest-timeout'), { ...forever, timeout: 1500 });
    expect(end).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
    const grandchild = downloader.grandchild('nest-timeout');
    if (grandchild !== undefined) await until(() => !runs(grandchild));
  });

  it('kills it and its children on abort, and at once when it is aborted already', async () => {
    const controller = new AbortController();
    const ending = runProgram(words('nest-abort'), { ...forever, signal: controller.signal });
    await until(() => downloader.grandchild('nest-abort') !== undefined);
    controller.abort();
    expect(await ending).toMatchObject({ timedOut: false, signal: 'SIGKILL' });
    const pids = [downloader.grandchild('nest-abort') ?? 0, downloader.starts('nest-abort')[0]?.pid ?? 0];
    await until(() => !pids.some(runs));
    expect(await runProgram(words('hang'), { ...forever, signal: controller.signal })).toMatchObject({ code: null });
  });

  it('says when there is no such program, and when it could not be started for its arguments', async () => {
    await expect(runProgram(['no-such-downloader'], forever)).rejects.toMatchObject({ code: 'program' });
    await expect(runProgram([directory], forever)).rejects.toThrow('it is not executable');
    const tooLong = await runProgram([process.execPath, 'x'.repeat(2 ** 24)], forever);
    expect(tooLong.notStarted).toContain('argument list too long');
  });
});
