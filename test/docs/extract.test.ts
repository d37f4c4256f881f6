import { describe, expect, it } from 'vitest';
import { command, exitCode } from '../../bin/commands/extract.ts';
import { type FlaggedOption, flaggedOptions } from '../../bin/option-table.ts';
import { pageText } from '../fixtures/docs.ts';

const page = pageText('docs/extract.md');
const rows = [...page.matchAll(/^\| `--([a-z-]+)(?: ([^`]+))?` \|(.*)\|$/gm)].map(
  ([, name = '', value, rest = '']) => ({ name, value, cells: rest.split(' | ') }),
);
const options = flaggedOptions(command.options).map((option) => [option.flag, option] as const);

type Summary = Parameters<typeof exitCode>[0];
/** The fields of the summary, complete: the compiler holds them to its type. */
const fields: Readonly<Record<keyof Summary, true>> = {
  graphId: true,
  videos: true,
  frames: true,
  patches: true,
  duplicates: true,
  videoSeconds: true,
  wallSeconds: true,
  memory: true,
  operators: true,
  dead: true,
  skipped: true,
  notes: true,
  randomWeights: true,
  execution: true,
  calibration: true,
  phases: true,
  tables: true,
  rowTables: true,
  inputs: true,
  shard: true,
  interrupted: true,
  left: true,
  failure: true,
  readerGone: true,
  fleet: true,
  network: true,
};

/** The words that an option's value may be, of those whose help lists them: `float32|int8`. */
function wordsOf({ choices = [] }: FlaggedOption): readonly string[] {
  return choices;
}

describe('the page of extract', () => {
  it('has one row for every option, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(options.map(([name]) => name).sort());
  });

  it.each(options)('shows --%s with a value exactly if it takes one', (name, spec) => {
    const row = rows.find((each) => each.name === name);
    expect(row?.value !== undefined).toBe(spec.type === 'string');
  });

  it.each(options.filter(([, spec]) => wordsOf(spec).length > 1))('names every word of --%s', (name, spec) => {
    const row = rows.find((each) => each.name === name);
    const text = `\`${row?.value}\` ${row?.cells.join(' ')}`;
    expect(wordsOf(spec).filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
  });

  it.each(options.filter(([, each]) => /^(?!chosen|none)[a-z0-9]+\b/.test(each.default ?? '')))(
    'says the default of --%s that its help says',
    (name, each) => {
      const [stated = ''] = /^[a-z0-9]+/.exec(each.default ?? '') ?? [];
      const row = rows.find((each) => each.name === name);
      expect(stated).not.toBe('');
      expect(row?.cells[1]).toContain(stated);
    },
  );

  it('names every exit code that a run can have', () => {
    const videos = { committed: 1, partial: 0, cached: 0, renamed: 0, alreadyDone: 0, skipped: 0, dead: 0 };
    const base = { interrupted: false, readerGone: false, videos };
    const ends = [
      base,
      { ...base, interrupted: true },
      { ...base, videos: { ...videos, dead: 1 } },
      { ...base, videos: { ...videos, committed: 0, dead: 1 } },
    ] as unknown as Summary[];
    const codes = ends.map((summary) => exitCode(summary, false));
    expect(codes).toEqual([0, 130, 3, 1]);
    const section = page.slice(page.indexOf('## Exit codes'), page.indexOf('## `--json`'));
    expect([...section.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))).toEqual(
      expect.arrayContaining(codes),
    );
  });

  it('names every field of the summary that --json prints', () => {
    const section = page.slice(page.indexOf('## `--json`'));
    expect(Object.keys(fields).filter((field) => !section.includes(`\`${field}\``))).toEqual([]);
  });
});
