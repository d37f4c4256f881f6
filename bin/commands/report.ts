import { experimentReport } from '../../src/graphs/reports/experiment-report.ts';
import { defineCommand } from '../command.ts';
import { required, text } from '../option-table.ts';
import { figuresOption, writePage } from '../write-page.ts';

/** `reelflow report`: the page of an experiment. */
export const command = defineCommand({
  name: 'report',
  operands: ['DIR'],
  does: 'shows an experiment (the directory that `experiment` wrote) as one HTML page',
  options: {
    out: required(text('FILE', 'the page, one HTML file that needs nothing else')),
    figures: figuresOption,
  },
  examples: [
    'reelflow report results/ --out report.html',
    'reelflow report results/ --out report.html --figures figures/',
  ],
  async run({ out, figures }, { operands: [directory = ''], console }) {
    console.stage('reading results');
    await writePage(await experimentReport(directory), out, figures);
    console.result({ report: out }, () => `${out} shows it\n`);
    return 0;
  },
});
