/**
 * Loaded into `reelflow extract --out -` by the benchmark (`node --import`): records when each
 * message of the stream was written to stdout, which is the commit of a unit, and its length.
 * Written to the file in STDOUT_CLOCK at the end.
 */
import { writeFileSync } from 'node:fs';

const messages: [time: number, bytes: number][] = [];
const write = process.stdout.write;
process.stdout.write = function (this: NodeJS.WriteStream, ...given: unknown[]) {
  messages.push([Number(process.hrtime.bigint()) / 1e6, (given[0] as Uint8Array).byteLength]);
  return Reflect.apply(write, this, given) as boolean;
} as typeof write;
process.on('exit', () => writeFileSync(process.env.STDOUT_CLOCK ?? '', JSON.stringify(messages)));
