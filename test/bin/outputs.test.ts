import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, isGroup, optionsOf } from '../../bin/command.ts';
import { flaggedOptions } from '../../bin/option-table.ts';
import { loadAll } from '../../bin/registry.ts';
import { isTemporary } from '../../src/core/atomic-file.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';
import { startCli } from '../fixtures/run-cli.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
  writeFileSync(at('file'), 'a file');
  for (const ending of ENDINGS) mkdirSync(at(`directory.${ending}`));
});
afterAll(() => place.remove());

const ENDINGS = ['html', 'json', 'edl', 'csv', 'arrow'];

/** Every option of every command that names what it writes. */
async function writing(): Promise<{ command: Command; flag: string; kind: 'file' | 'directory'; given: string[] }[]> {
  const commands = (await loadAll()).flatMap((entry) => (isGroup(entry) ? entry.commands : [entry]));
  return commands.flatMap((command) => {
    const options = flaggedOptions(optionsOf(command));
    const operands = command.operands.filter((each) => !each.startsWith('[')).map(() => at('nowhere'));
    return options.flatMap(({ flag, writes: kind }) => {
      if (kind === undefined) return [];
      const needed = options.filter((each) => each.isRequired && each.flag !== flag);
      const given = needed.flatMap((each) => [
        `--${each.flag}`,
        each.choices?.[0] ?? (each.writes === 'file' ? at('some.html') : at('nowhere')),
      ]);
      return [{ command, flag, kind, given: [...command.name.split(' '), ...operands, ...given] }];
    });
  });
}

/** The error when an option names a path, which ends in one of the extensions that it takes. */
async function refusal(argv: readonly string[], flag: string, pathOf: (ending: string) => string): Promise<string> {
  for (const ending of ['', ...ENDINGS]) {
    const { code, stderr } = await callReelflow([...argv, `--${flag}`, pathOf(ending), '--progress', 'none']);
    if (stderr.includes('must be a file whose name ends in') || stderr.includes('is named like a file')) continue;
    expect(code, stderr).toBeGreaterThan(0);
    return stderr;
  }
  return 'it takes none of the extensions';
}

describe('what a command is going to write is checked before it reads anything', () => {
  it('in every option of every command: something of another kind that is in the way', async () => {
    const all = await writing();
    expect(all.map(({ command, flag }) => `${command.name} --${flag}`)).toEqual(
      expect.arrayContaining([
        ...['analyze --out', 'analyze --figures', 'analyze --points', 'extract --out', 'extract --report'],
        ...['experiment --out', 'experiment --report', 'train --out', 'reduce --out', 'import-features --out'],
        ...['recommend --out', 'explain-item --edl', 'report --out', 'fetch --out', 'demo --out'],
      ]),
    );
    for (const { flag, kind, given } of all) {
      const said = await refusal(given, flag, (ending) => (kind === 'file' ? at(`directory.${ending}`) : at('file')));
      expect(said, `${given.join(' ')} --${flag}`).toMatch(
        kind === 'file' ? /must be a file, but .* is a directory/ : /must be a directory, but is a file/,
      );
    }
  }, 120_000);

  it.skipIf(process.platform !== 'linux')(
    'in every option of every command: a place where nothing can be written',
    async () => {
      for (const { flag, given } of await writing()) {
        const said = await refusal(given, flag, (ending) => (ending === '' ? '/proc/x' : `/proc/x.${ending}`));
        expect(said, `${given.join(' ')} --${flag}`).toMatch(/\/proc.* cannot be written: .*\[not-writable\]/s);
      }
    },
    120_000,
  );

  it('and a file where a directory above it should be; parents that are missing are made', async () => {
    const ratings = at('ml');
    mkdirSync(ratings);
    writeFileSync(join(ratings, 'movies.csv'), 'movieId,title,genres\n1,Alien (1979),Horror\n2,Heat (1995),Crime\n');
    writeFileSync(join(ratings, 'ratings.csv'), 'userId,movieId,rating\n1,1,3\n1,2,4\n2,1,5\n2,2,2\n');
    const below = await callReelflow(['analyze', '--ratings', ratings, '--out', at('file/page.html')]);
    expect([below.code, below.stderr]).toEqual([
      2,
      expect.stringContaining(`${at('file')} is a file, not a directory`),
    ]);
    execFileSync('mkfifo', [at('pipe.html')]);
    const pipe = await callReelflow(['analyze', '--ratings', ratings, '--out', at('pipe.html')]);
    expect([pipe.code, pipe.stderr]).toEqual([2, expect.stringContaining('is a device or pipe')]);
    symlinkSync(at('absent/figures'), at('dangling'));
    for (const figures of [at('dangling'), at('x'.repeat(300))]) {
      const refused = await callReelflow([
        'analyze',
        '--ratings',
        ratings,
        '--out',
        at('p.html'),
        '--figures',
        figures,
      ]);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('[not-writable]')]);
    }
    writeFileSync(at('old.html'), 'old');
    symlinkSync(at('old.html'), at('link.html'));
    mkdirSync(at('pages'));
    symlinkSync(at('pages'), at('linked'));
    const linked = await callReelflow([
      ...['analyze', '--ratings', ratings, '--out', at('link.html'), '--figures', at('linked')],
    ]);
    expect([linked.code, readdirSync(at('pages')).length > 3]).toEqual([0, true]);
    expect(readdirSync(place.path).filter(isTemporary)).toEqual([]);
    const dry = await callReelflow(['analyze', '--ratings', ratings, '--out', at('new/pages/a.html'), '--dry-run']);
    expect([dry.code, readdirSync(place.path).includes('new')]).toEqual([0, false]);
    const made = await callReelflow(['analyze', '--ratings', ratings, '--out', at('new/pages/a.html')]);
    expect([made.code, readdirSync(at('new/pages'))]).toEqual([0, ['a.html']]);
  });

  it.skipIf(process.getuid?.() === 0)('and a directory that may not be written to', async () => {
    mkdirSync(at('sealed'));
    chmodSync(at('sealed'), 0o555);
    const { code, stderr } = await callReelflow(['analyze', at('nowhere'), '--out', at('sealed/a.html')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('permission denied')]);
  });

  it('by default, too', async () => {
    writeFileSync(at('experiment'), '');
    const experiment = ['experiment', '--ratings', at('nowhere')];
    const { code, stderr } = await startCli(experiment, { cwd: place.path }).ended;
    expect([code, stderr]).toEqual([2, expect.stringContaining('experiment must be a directory, but is a file')]);
  });
});
