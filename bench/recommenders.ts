// Our classic recommenders compared with what Surprise 1.1.4 computed on the same ratings: RMSE,
// MAE and CPU-seconds of fit and test together.
//   node dist/bench/recommenders.js [--json] [--data DIR]
// DIR holds ml-latest-small/ and reference/; default ../shared/data. CPU time is user + system of
// this process, including compilation by the engine; Surprise's is taken from the reference file.
import { pathToFileURL } from 'node:url';
import { readReference, type Setting, settingOf } from './surprise-reference.ts';

interface Row extends Setting {
  readonly ours: { readonly rmse: number; readonly mae: number; readonly cpuSeconds: number };
  readonly ratio: number;
}

/** Runs every setting of the reference file once, in its order. */
export function benchRecommenders(data: string): Row[] {
  const { settings, train, test } = readReference(data);
  return settings.map((setting) => {
    const before = process.cpuUsage();
    const model = settingOf(setting);
    model.fit(train);
    const predictions = model.predict(test.users, test.items) as Float32Array;
    const { user, system } = process.cpuUsage(before);
    const cpuSeconds = (user + system) / 1e6;
    let squares = 0;
    let distances = 0;
    for (let row = 0; row < predictions.length; row++) {
      const error = (predictions[row] as number) - (test.values[row] as number);
      squares += error * error;
      distances += Math.abs(error);
    }
    const ours = { rmse: Math.sqrt(squares / predictions.length), mae: distances / predictions.length, cpuSeconds };
    return { ...setting, ours, ratio: cpuSeconds / (setting.fitCpuSeconds + setting.testCpuSeconds) };
  });
}

function print(rows: readonly Row[]): void {
  console.log(
    `${'recommender'.padEnd(11)} ${'options'.padEnd(58)}    RMSE Surprise     MAE Surprise  CPU s Surprise  ratio`,
  );
  for (const { model, options, rmse, mae, fitCpuSeconds, testCpuSeconds, ours, ratio } of rows) {
    const figures = [ours.rmse.toFixed(4), rmse.toFixed(4), ours.mae.toFixed(4), mae.toFixed(4)].map((it) =>
      it.padStart(8),
    );
    const times = [ours.cpuSeconds, fitCpuSeconds + testCpuSeconds, ratio].map((it) => it.toFixed(2).padStart(7));
    console.log(`${model.padEnd(11)} ${options.padEnd(58)}${figures.join('')} ${times.join(' ')}`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const position = process.argv.indexOf('--data');
  const rows = benchRecommenders(position < 0 ? '../shared/data' : String(process.argv[position + 1]));
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
  else print(rows);
}
