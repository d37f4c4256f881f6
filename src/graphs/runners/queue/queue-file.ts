import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createOnce, replaceFile } from '../../../core/atomic-file.ts';
import { DatasetError, UsageError } from '../../../core/errors.ts';
import { wordsOf } from '../../../core/words-of.ts';
import { partPath } from '../../../io/dataset/layout.ts';
import { softwareVersion } from '../../../io/dataset/software.ts';
import { findFfmpeg } from '../../../io/media/ffmpeg.ts';
import { onnxruntimeVersion } from '../../onnxruntime-version.ts';

/** What must be the same in every process that computes units of one dataset. */
interface Versions {
  readonly software: string;
  readonly decoder: string;
  readonly runtime: string;
}

/** `_queue.json`: the name of a dataset's queue, and the versions of its latest driver. */
interface QueueFile extends Versions {
  readonly name: string;
}

function versionsHere(): Versions {
  return {
    software: softwareVersion(),
    decoder: `ffmpeg ${findFfmpeg().version}`,
    runtime: `onnxruntime-node ${onnxruntimeVersion()}`,
  };
}

/**
 * The name of a dataset's queue, which is chosen once and at random, so that two datasets of one
 * graph on one server do not take each other's jobs. Records the versions that workers must have.
 */
export async function queueOfDriver(directory: string, graphId: string): Promise<string> {
  const path = partPath(directory, 'queue');
  const versions = versionsHere();
  const made = { name: `reelflow-${graphId}-${randomBytes(8).toString('hex')}`, ...versions };
  await createOnce(path, textOf(made));
  const file = await readQueueFile(directory);
  if (file === undefined || !file.name.startsWith(`reelflow-${graphId}-`)) {
    await replaceFile(path, textOf(made));
    return made.name;
  }
  const { name } = file;
  if (textOf({ name, ...versions }).compare(textOf(file)) !== 0) await replaceFile(path, textOf({ name, ...versions }));
  return name;
}

/**
 * The name of a dataset's queue for a worker; undefined until a driver has created one.
 *
 * @throws UsageError `versions` when the driver has another version of software that affects the
 *   bytes.
 */
export async function queueOfWorker(directory: string): Promise<string | undefined> {
  const file = await readQueueFile(directory);
  if (file === undefined) return undefined;
  const here = versionsHere();
  const others = (['software', 'decoder', 'runtime'] as const).filter((each) => file[each] !== here[each]);
  if (others.length === 0) return file.name;
  const which = others.map((each) => `${here[each]} here, ${file[each]} there`).join('; ');
  throw new UsageError(`this worker would not compute what the driver of ${directory} expects: ${which}`, {
    code: 'versions',
    remedy: 'Run driver and workers from one image, or start the driver again with the versions of its workers.',
  });
}

async function readQueueFile(directory: string): Promise<QueueFile | undefined> {
  const path = partPath(directory, 'queue');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DatasetError('unreadable', `${path} cannot be read: ${wordsOf(error)}`, { cause: error });
  }
  try {
    const file = JSON.parse(text) as QueueFile;
    if (/^reelflow-[0-9a-f]+-[0-9a-f]+$/.test(file.name)) return file;
  } catch {
    // Reported below.
  }
  throw new DatasetError('damaged', `${path} does not name a queue`, {
    remedy: 'Delete it and start the driver again: it chooses another queue.',
  });
}

const textOf = ({ name, software, decoder, runtime }: QueueFile): Buffer =>
  Buffer.from(`${JSON.stringify({ name, software, decoder, runtime }, null, 2)}\n`);
