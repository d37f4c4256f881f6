import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTable } from '../../src/io/dataset/table-reader.ts';
import type { Finding } from './finding.ts';
import {
  corrected,
  expectationText,
  type Fifth,
  type MediaExpectation,
  type MediaOutcome,
  mediaDifferences,
} from './media-expectation.ts';
import { PATCH_SECONDS, writeLoudness, writeQuarters } from './networks.ts';
import { endOf, type Run, runProduct, saidBy } from './product.ts';

/** The part of the output of `extract --json` that is checked. */
interface Summary {
  readonly videos: { readonly committed: number; readonly partial: number; readonly dead: number };
  readonly dead: readonly { readonly item: string; readonly code: string; readonly message: string }[];
}

/**
 * Extracts media files, each in its own run, into five subclips of mean colours and loudness, and
 * judges the outcome.
 */
export class MediaFaults {
  readonly #scratch: string;
  readonly #networks: readonly string[];

  /** @param scratch a directory to work in. */
  constructor(scratch: string) {
    this.#scratch = scratch;
    this.#networks = ['--visual', writeQuarters(scratch), '--audio', writeLoudness(scratch)];
  }

  /** @param path the file; @param file its name in the table. */
  async look(path: string, file: string, stated: MediaExpectation): Promise<Finding> {
    const expected = corrected(file, stated);
    let outcome = await this.#extract(path, []);
    let counted = countedText(outcome);
    if (outcome.verdict === 'dead:truncated' || outcome.verdict === 'dead:corrupt') {
      const allowed = await this.#extract(path, ['--allow-partial']);
      counted = `(--allow-partial: ${allowed.verdict} ${countedText(allowed)})`;
      const partialWillDo = allowed.verdict === 'partial' && expected.verdict.includes('partial');
      outcome = partialWillDo ? allowed : { ...outcome, allowed };
    }
    return {
      ...{ kind: 'media', file, verdict: outcome.verdict, counted, expected: expectationText(expected) },
      ...{ differences: mediaDifferences(file, expected, outcome), said: outcome.said },
    };
  }

  /** All in one run, as a corpus: every item must have the same outcome as alone. */
  async together(findings: readonly Finding[], pathOf: (file: string) => string): Promise<Finding> {
    const directory = mkdtempSync(join(this.#scratch, 'corpus-'));
    const manifest = join(directory, 'manifest.csv');
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const lines = findings.map(({ file }) => `${quoted(pathOf(file))},${quoted(file)}`);
    writeFileSync(manifest, `path,item_id\n${lines.join('\n')}\n`);
    const run = await this.#run(['--manifest', manifest], join(directory, 'out'));
    const summary = summaryOf(run);
    rmSync(directory, { recursive: true, force: true });
    const dead = new Map(summary?.dead.map(({ item, code }) => [item, `dead:${code}`]));
    const differences =
      summary === undefined
        ? [`the run ended: ${saidBy(run)}`]
        : findings.flatMap(({ file, verdict }) => {
            const here = dead.get(file) ?? 'whole';
            return here === verdict || (verdict === 'partial' && here !== 'whole')
              ? []
              : [`${file}: ${here} here, ${verdict} alone`];
          });
    return {
      ...{
        kind: 'media',
        file: `all ${findings.length} in one run`,
        verdict: summary === undefined ? endOf(run) : `exit ${run.code}`,
      },
      counted: summary === undefined ? '' : `${summary.videos.committed} committed, ${summary.videos.dead} dead`,
      ...{ expected: 'each as alone', differences, said: '' },
    };
  }

  #run(inputs: readonly string[], out: string): Promise<Run> {
    const rest = [
      '--out',
      out,
      ...this.#networks,
      '--subclips',
      '5',
      '--json',
      '--progress',
      'none',
      '--device',
      'cpu',
    ];
    return runProduct(['extract', ...inputs, ...rest], this.#scratch);
  }

  async #extract(path: string, options: readonly string[]): Promise<MediaOutcome> {
    const out = mkdtempSync(join(this.#scratch, 'features-'));
    try {
      const run = await this.#run([path, ...options], out);
      const summary = summaryOf(run);
      const { decoderPeak } = run;
      if (summary === undefined) return { verdict: endOf(run), fifths: [], said: saidBy(run), decoderPeak };
      const [letter] = summary.dead;
      if (letter !== undefined)
        return { verdict: `dead:${letter.code}`, fifths: [], said: letter.message, decoderPeak };
      const verdict = summary.videos.partial > 0 ? 'partial' : summary.videos.committed > 0 ? 'whole' : 'nothing';
      return { verdict, fifths: await fifthsOf(out), said: saidBy(run), decoderPeak };
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }
}

function summaryOf(run: Run): Summary | undefined {
  const line = run.stdout.trim();
  return line.startsWith('{') ? (JSON.parse(line) as Summary) : undefined;
}

async function fifthsOf(dataset: string): Promise<Fifth[]> {
  const path = join(dataset, 'subclips=5/aggregate=mean');
  if (!existsSync(path)) return [];
  const table = await openTable(path);
  const fifths: Fifth[] = [];
  try {
    for await (const { batch } of table.batches()) {
      for (const row of batch) {
        const { frames, patches, visual } = row as unknown as {
          frames: number;
          patches: number;
          visual: Iterable<number> | null;
        };
        const values = visual === null || visual === undefined ? undefined : [...visual];
        fifths.push({ frames, audioSeconds: patches * PATCH_SECONDS, quarters: values && quartersOf(values) });
      }
    }
  } finally {
    await table.close();
  }
  return fifths;
}

function quartersOf(values: readonly number[]): [number, number, number][] {
  return [0, 1, 2, 3].map((quarter) => [values[quarter] ?? 0, values[4 + quarter] ?? 0, values[8 + quarter] ?? 0]);
}

function countedText({ fifths }: MediaOutcome): string {
  if (fifths.length === 0) return '';
  const frames = fifths.map((fifth) => fifth.frames);
  const sound = fifths.map(({ audioSeconds }) => audioSeconds);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return `${sum(frames)}: ${frames.join(' ')}  ${sum(sound).toFixed(2)} s: ${sound.map((seconds) => seconds.toFixed(1)).join(' ')}`;
}
