import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coloursOf, wantsColours } from '../../bin/colours.ts';
import { Console } from '../../bin/console.ts';
import { progressLine } from '../../bin/progress.ts';
import type { RunProgress } from '../../src/graphs/run-progress.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-02T03:04:05.000Z') });
  vi.stubEnv('NO_COLOR', '1');
  vi.stubEnv('FORCE_COLOR', undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** A stream that keeps what is written; of a terminal with `columns`. */
function stream(columns?: number): NodeJS.WriteStream & { readonly text: () => string } {
  let text = '';
  const write = (part: string) => {
    text += part;
    return true;
  };
  const terminal = columns === undefined ? {} : { isTTY: true, columns, hasColors: () => true };
  return { write, ...terminal, text: () => text } as unknown as NodeJS.WriteStream & { readonly text: () => string };
}

/** A console and what it has written. */
function opened(settings: ConstructorParameters<typeof Console>[0], columns?: number) {
  const [out, err] = [stream(), stream(columns)];
  return { console: new Console(settings, undefined, { out, err }), out, err };
}

const events = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const time = '2026-01-02T03:04:05.000Z';

describe('progress on a terminal', () => {
  it('is there at once, is drawn again each second, and leaves nothing behind', () => {
    const { console, err } = opened({}, 80);
    console.stage('listing inputs');
    expect(err.text()).toBe('listing inputs ...');
    vi.advanceTimersByTime(1000);
    console.progress({ done: 1 }, ({ done }) => `${done} done`);
    console.progress({ done: 2 }, ({ done }) => `${done} done`);
    expect(err.text()).toBe('listing inputs ...\r\u001b[2K1 done');
    vi.advanceTimersByTime(1000);
    expect(err.text().endsWith('1 done\r\u001b[2K2 done')).toBe(true);
    console.close();
    expect(err.text().endsWith('2 done\r\u001b[2K')).toBe(true);
  });

  it('of no columns is as on one whose width is not known', () => {
    const line = 'x'.repeat(100);
    const { console, err } = opened({}, 0);
    console.progress({}, () => line);
    expect(err.text()).toBe(line);
  });

  it('says that the time left is unknown before anything is done', () => {
    const state: RunProgress = {
      ...{ done: 0, total: 10, dead: 0, frames: 0, mediaSeconds: 0, remainingMediaSeconds: 45, wallSeconds: 1 },
      ...{ heldBytes: 0, budgetBytes: 1024 },
    };
    expect(progressLine(state)).toContain('ETA unknown');
    expect(progressLine({ ...state, mediaSeconds: 5 })).toContain('ETA 9 s for 0.01 video hours');
    expect(progressLine({ ...state, mediaSeconds: 5, remainingMediaSeconds: Number.NaN })).toContain('ETA unknown');
  });
});

describe('progress in a log', () => {
  it('is one line a minute, and none of what is done sooner', () => {
    const { console, err } = opened({});
    console.stage('planning');
    for (let second = 1; second <= 150; second++) {
      vi.advanceTimersByTime(1000);
      console.progress({ second }, (state) => `second ${state.second}`);
    }
    console.close();
    expect(err.text().split('\n')).toHaveLength(3);
    const short = opened({});
    short.console.progress({}, () => 'soon done');
    short.console.close();
    expect(short.err.text()).toBe('');
  });

  it('comes as often as --progress-every says', () => {
    const { console, err } = opened({ progressEvery: 30 });
    for (let second = 1; second <= 61; second++) {
      vi.advanceTimersByTime(1000);
      console.progress({ second }, (state) => `second ${state.second}`);
    }
    expect(err.text().trim().split('\n')).toHaveLength(2);
  });
});

describe('events', () => {
  it('have a type and a time, and the summary and an error are events too', () => {
    const { console, out, err } = opened({ progress: 'ndjson', json: true });
    console.stage('planning');
    console.progress({ done: 1 }, () => 'one');
    console.note('silent', { item: 'a', path: '/a.mp4', code: 'no-sound' });
    console.warn('random');
    console.item('dead', { item: 'b', code: 'corrupt' }, ['b is dead']);
    console.result({ committed: 1 }, () => 'one committed\n');
    console.error({ message: 'full', code: 'disk-full', remedy: 'Make room.' });
    expect(events(err.text())).toEqual([
      { type: 'stage', time, stage: 'planning' },
      { type: 'progress', time, done: 1 },
      { type: 'note', time, level: 'note', message: 'silent', item: 'a', path: '/a.mp4', code: 'no-sound' },
      { type: 'note', time, level: 'warning', message: 'random' },
      { type: 'dead', time, item: 'b', code: 'corrupt' },
      { type: 'summary', time, committed: 1 },
      { type: 'error', time, code: 'disk-full', message: 'full', remedy: 'Make room.' },
    ]);
    expect(out.text()).toBe('{"committed":1}\n');
  });

  it('tell of a fault that nobody foresaw too, which a person sees elsewhere', () => {
    const { console, err } = opened({ progress: 'ndjson' });
    console.fault(new TypeError('undefined is not a function'));
    const [event] = events(err.text());
    expect(event).toMatchObject({ type: 'error', code: 'internal', message: 'undefined is not a function' });
    const forPerson = opened({});
    forPerson.console.fault(new TypeError('undefined is not a function'));
    expect(forPerson.err.text()).toBe('');
  });

  it('end with the last state, however soon it came after the one before', () => {
    const { console, err } = opened({ progress: 'ndjson' });
    for (const done of [1, 2, 3]) console.progress({ done }, () => '');
    console.close();
    expect(events(err.text()).map(({ done }) => done)).toEqual([1, 3]);
  });
});

it('lets no text from outside steer the terminal, and gives a program the text as it is', () => {
  const bad = 'a\u001b]0;x\u0007\u009bb';
  const person = opened({}, 80);
  person.console.note(bad);
  person.console.warn(bad);
  person.console.progress({}, () => bad, { now: true });
  person.console.result({ dead: [{ item: bad }] }, ({ dead }) => `${dead[0]?.item}\n`);
  person.console.error({ message: bad, code: 'queue', remedy: bad });
  const shown = 'a\ufffd]0;x\ufffd\ufffdb';
  expect(person.err.text().replaceAll('\r\u001b[2K', '|')).toBe(
    `${shown}\n${shown}\n${shown}|reelflow: ${shown} [queue]\n  ${shown}\n`,
  );
  expect(person.out.text()).toBe(`${shown}\n`);
  const program = opened({ progress: 'ndjson', json: true });
  program.console.note(bad);
  program.console.result({ bad }, () => '');
  expect(events(program.err.text())).toMatchObject([{ message: bad }, { bad }]);
  expect(JSON.parse(program.out.text())).toEqual({ bad });
  expect(program.err.text() + program.out.text()).not.toMatch(/(?!\n)\p{Cc}/u);
});

it('--quiet silences progress and notes, and neither warnings, errors nor the result', () => {
  const { console, out, err } = opened({ quiet: true }, 80);
  console.stage('planning');
  console.progress({ done: 1 }, () => 'one');
  console.note('a note');
  console.item('dead', {}, ['b is dead']);
  console.warn('RANDOM WEIGHTS');
  console.result({ committed: 1 }, () => 'one committed\n');
  console.error({ message: 'full', code: 'disk-full' });
  expect(err.text()).toBe('RANDOM WEIGHTS\nreelflow: full [disk-full]\n');
  expect(out.text()).toBe('one committed\n');
});

describe('colours', () => {
  it.each([
    ['a terminal', 80, {}, true],
    ['a terminal with NO_COLOR', 80, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', 80, { NO_COLOR: '' }, true],
    ['a pipe', undefined, {}, false],
    ['a pipe with FORCE_COLOR', undefined, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', 80, { FORCE_COLOR: '0' }, false],
  ])('of %s', (_, columns, env, expected) => {
    expect(wantsColours(stream(columns), env)).toBe(expected);
    expect(coloursOf(stream(columns), env).red('x')).toBe(expected ? '\u001b[31mx\u001b[39m' : 'x');
  });

  it('are not for a terminal that cannot show them', () => {
    const dumb = Object.assign(stream(80), { hasColors: (env: NodeJS.ProcessEnv) => env.TERM !== 'dumb' } as object);
    expect(wantsColours(dumb, { TERM: 'dumb' })).toBe(false);
    expect(wantsColours(dumb, { TERM: 'xterm' })).toBe(true);
  });
});
