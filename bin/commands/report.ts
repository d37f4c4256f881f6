import { experimentReport } from '../../src/graphs/reports/experiment-report.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../option-table.ts';
import { figuresOption, pageOption, writePage } from '../write-page.ts';

/** `reelflow report`: the page of an experiment. */
export const command = defineCommand({
  name: 'report',
  operands: ['DIR'],
  does: 'shows an experiment (the directory that `experiment` wrote) as one HTML page',
  options: {
    out: pageOption,
    figures: figuresOption,
    dryRun: flag('reads the results and reports what would be written; writes nothing'),
  },
  examples: [
    'reelflow report results/ --out report.html',
    'reelflow report results/ --out report.html --figures figures/',
  ],
  async run({ out, figures, dryRun = false }, { operands: [directory = ''], console }) {
    console.stage('reading results');
    const page = await experimentReport(directory);
    if (!dryRun) await writePage(page, out, figures);
    console.result({ report: out }, () => `${out} ${dryRun ? 'would show' : 'shows'} it\n`);
    return 0;
  },
});
