import { UsageError } from './errors.ts';

/** Whether a text is the address of an object store, right or wrong. */
export function isObjectAddress(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/**
 * Whether a text is the address of an object, or of what lies below a prefix, that may be a table:
 * one that is not named as a file of another kind.
 */
export function isTableAddress(text: string): boolean {
  return isObjectAddress(text) && !NO_TABLE.test(text);
}

const NO_TABLE = /^s3:\/\/[^/]+\/.*\.(csv|tsv|txt|dat|data|base|test|json|jsonl|ndjson|npy|npz|gz|zip|zst|xz|bz2)$/i;

/** An address on the web as it may be shown; undefined for any other text. */
function webAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return undefined;
  // A query may be a signature, and what stands before an @ a password.
  return text.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/]*@/, '$1');
}

/**
 * Refuses an address, of an object store or on the web, where only files and directories are read.
 * @throws UsageError, `object-store` for one of a store.
 *
 * @example
 * refuseAddress('s3://films/ratings.csv'); // throws
 */
export function refuseAddress(path: string): void {
  const web = webAddress(path);
  if (web !== undefined) {
    throw new UsageError(`'${web}' is an address on the web, from which this cannot be read`, {
      remedy: `Download it first, such as with \`curl -fLO ${web}\`, and name the file.`,
    });
  }
  if (!isObjectAddress(path)) return;
  const [, name = 'copy'] = /([^/]+)\/*$/.exec(path) ?? [];
  const how = /\.\w+$/.test(name) ? `aws s3 cp ${path} ${name}` : `aws s3 sync ${path} ${name}/`;
  throw new UsageError(`'${path}' is in an object store, from which this cannot be read`, {
    code: 'object-store',
    remedy: `Copy it first, such as with \`${how}\`.`,
  });
}

/**
 * Refuses an address, of an object store or on the web, where only files and directories are
 * written.
 * @throws UsageError, `object-store` for one of a store.
 *
 * @example
 * refuseOutputAddress('s3://films/report.html'); // throws
 */
export function refuseOutputAddress(path: string): void {
  const web = webAddress(path);
  if (web !== undefined) {
    throw new UsageError(`'${web}' is an address on the web, to which nothing can be written`, {
      remedy: 'Name a path on this machine.',
    });
  }
  if (!isObjectAddress(path)) return;
  throw new UsageError(`'${path}' is in an object store, to which this cannot be written`, {
    code: 'object-store',
    remedy: 'Name a path on this machine, and copy what is written there with `aws s3 sync`.',
  });
}
