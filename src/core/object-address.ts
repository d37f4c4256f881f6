import { UsageError } from './errors.ts';

/** Whether a text is the address of an object store, right or wrong. */
export function isObjectAddress(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/**
 * Refuses an address of an object store where only files and directories are read.
 * @throws UsageError `object-store`.
 *
 * @example
 * refuseObjectAddress('s3://films/ratings.csv'); // throws
 */
export function refuseObjectAddress(path: string): void {
  if (!isObjectAddress(path)) return;
  const [, name = 'copy'] = /([^/]+)\/*$/.exec(path) ?? [];
  const how = /\.\w+$/.test(name) ? `aws s3 cp ${path} ${name}` : `aws s3 sync ${path} ${name}/`;
  throw new UsageError(`'${path}' is in an object store, from which this cannot be read`, {
    code: 'object-store',
    remedy: `Copy it first, such as with \`${how}\`.`,
  });
}

/**
 * Refuses an address of an object store where only files and directories are written.
 * @throws UsageError `object-store`.
 *
 * @example
 * refuseObjectOutput('s3://films/report.html'); // throws
 */
export function refuseObjectOutput(path: string): void {
  if (!isObjectAddress(path)) return;
  throw new UsageError(`'${path}' is in an object store, to which this cannot be written`, {
    code: 'object-store',
    remedy: 'Name a path of this machine, and copy what is written there with `aws s3 sync`.',
  });
}
