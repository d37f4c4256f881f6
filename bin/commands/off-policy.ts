import { evaluatePolicy, type PolicyEvaluation } from '../../src/graphs/policy-evaluation.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import type { PolicyValue } from '../../src/models/metrics/off-policy.ts';
import { defineCommand } from '../command.ts';
import { flag, number, text } from '../option-table.ts';

/** `reelflow off-policy`: what another policy would have earned. */
export const command = defineCommand({
  name: 'off-policy',
  operands: ['LOG.csv'],
  usage: 'LOG.csv [options]',
  does: 'estimates from a log with propensities what another policy would have earned',
  options: {
    recommender: text('DIR', 'a saved recommender that draws from its catalogue', "the log's column target"),
    temperature: number('T', 'its probabilities are those of exp(score / T)', '1'),
    clip: number('W', 'weights above it count as it', 'none is clipped'),
    skipBadLines: flag('skips bad lines and counts them'),
  },
  examples: [
    'reelflow off-policy log.csv',
    'reelflow off-policy log.csv --recommender recommenders/ease --temperature 0.2 --clip 50 --json',
  ],
  async run(values, { operands: [path = ''], console }) {
    console.stage('reading the log');
    console.result(await evaluatePolicy(path, values), policyText);
    return 0;
  },
});

function policyText(found: PolicyEvaluation): string {
  const { logged, ips, snips, doublyRobust, direct, rows, effectiveSampleSize, meanWeight, largestWeight } = found;
  const line = (name: string, value: PolicyValue | undefined) =>
    value === undefined ? [] : [[name, ...[value.value, value.low, value.high].map(shown)]];
  return [
    `${rows} rows, which say as much as ${effectiveSampleSize.toFixed(1)} without weights; mean weight ${shown(meanWeight)}, largest ${shown(largestWeight)}, ${(100 * found.clipped).toFixed(1)} % clipped`,
    '',
    ...alignedRows([
      ['mean reward', 'estimate', 'low', 'high'],
      ...line('logged', logged),
      ...line('IPS', ips),
      ...line('SNIPS', snips),
      ...line('doubly robust', doublyRobust),
      ...line('model alone', direct),
    ]),
    '',
    ...found.warnings.map((warning) => `warning: ${warning}`),
    ...(found.badLines.count > 0 ? [`bad lines skipped: ${found.badLines.count}`] : []),
    '',
  ].join('\n');
}

function shown(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}
