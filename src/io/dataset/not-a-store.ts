import { UsageError } from '../../core/errors.ts';
import { isText } from '../../core/file-kind.ts';

/** Other kinds of files that users give as features, by their first bytes. */
const KINDS: readonly (readonly [start: string, is: string])[] = [
  ['PAR1', 'a Parquet file'],
  ['\xff\xff\xff\xff', 'an Arrow stream'],
  ['\x93NUMPY', 'an array of NumPy'],
  ['PK\x03\x04', 'a zip archive (of NumPy, if it is .npz)'],
];

/** The error for a file that is not a training store, but can be turned into one. */
export function notAStore(path: string, is: string, cause?: unknown): UsageError {
  return new UsageError(`${path} is ${is}, not a training store`, {
    code: 'dataset',
    remedy: `Make one from it: \`importFeatures({ files: '${path}', out: 'items.arrow' })\`; from a dataset, \`reduce\` makes one.`,
    cause,
  });
}

/** The kind of a file that does not begin like a training store; undefined if it is unknown. */
export function otherKind(head: Uint8Array): string | undefined {
  const start = Buffer.from(head).toString('latin1');
  const [, known] = KINDS.find(([magic]) => start.startsWith(magic)) ?? [];
  return known ?? (head.length > 0 && isText(head) ? 'a text file' : undefined);
}
