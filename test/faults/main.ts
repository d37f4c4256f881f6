/**
 * Faults for as long as one likes: `npm run faults -- --minutes 30 [--each 25] [--fleets Redis,shards]`.
 * Exits 1 when a dataset differs from the one that no fault has met.
 */
import { parseArgs } from 'node:util';
import { FLEETS, type FleetName } from './queue-server.ts';
import { type FaultReport, runFaults } from './run-faults.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    each: { type: 'string', default: '25' },
    fleets: { type: 'string', default: 'Redis,PostgreSQL,shards,S3' },
  },
});

function fleetOf(given: string): FleetName {
  const names = Object.keys(FLEETS) as FleetName[];
  const name = names.find((each) => each === given);
  if (name === undefined) throw new Error(`--fleets are of ${names.join(', ')}, not ${given}`);
  const { missing } = FLEETS[name];
  if (missing !== undefined) throw new Error(`${name}: ${missing}`);
  return name;
}

const end = performance.now() + Number(values.minutes) * 60_000;
const sum = ({ faults }: FaultReport) => Object.values(faults).reduce((total, count) => total + count, 0);
const line = (report: FaultReport) =>
  `${report.campaigns} campaigns, ${sum(report)} faults, ${report.failures.length} datasets that differ`;

const report = await runFaults(
  () => performance.now() < end,
  Number(values.each),
  { fleets: values.fleets.split(',').map(fleetOf) },
  (now) => {
    console.log(line(now));
    const last = now.failures.at(-1);
    if (last !== undefined) console.log(last);
  },
);
console.log(`\n| fault | times |\n| --- | ---: |`);
for (const [kind, times] of Object.entries(report.faults)) console.log(`| ${kind} | ${times} |`);
const count = (of: 'lost' | 'duplicated' | 'other') =>
  report.failures.reduce((total, each) => total + each[of].length, 0);
console.log(`\n${line(report)}; lost ${count('lost')}, duplicated ${count('duplicated')}, other ${count('other')}`);
process.exit(report.failures.length === 0 ? 0 : 1);
