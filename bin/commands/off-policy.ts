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
  does: 'estimates what another policy would have earned, from a log with propensities',
  options: {
    recommender: text('DIR', 'the other policy: a saved recommender', "the log's column target"),
    temperature: number('T', 'it shows each item with a probability proportional to exp(score / T)', '1'),
    clip: number('W', 'lowers larger weights to W', 'no clipping'),
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
    `${rows} rows, worth ${effectiveSampleSize.toFixed(1)} unweighted ones; mean weight ${shown(meanWeight)}, largest ${shown(largestWeight)}, ${(100 * found.clipped).toFixed(1)} % clipped`,
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
