import { UsageError } from '../../core/errors.ts';

/** Where a dataset is in an object store. */
export interface ObjectAddress {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
}

/** Whether a text is the address of an object store, right or wrong. */
export function isObjectAddress(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/**
 * Reads `s3://bucket/prefix`.
 * @throws UsageError `object-store` when it is not of that form.
 *
 * @example
 * objectAddress('s3://films/features'); // { bucket: 'films', prefix: 'features' }
 */
export function objectAddress(text: string): ObjectAddress {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/is.exec(text) ?? [];
  const parts = path.replace(/\/+$/, '').split('/');
  const isPlain = path === '' || parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (bucket !== undefined && bucket === bucket.toLowerCase() && isPlain) return { bucket, prefix: parts.join('/') };
  throw new UsageError(`an object store must be such as s3://bucket/prefix, but is '${hiddenAddress(text)}'`, {
    code: 'object-store',
  });
}

/**
 * Refuses an address of an object store where only directories are worked on.
 * @throws UsageError `object-store`.
 *
 * @example
 * refuseObjectAddress(directory);
 */
export function refuseObjectAddress(directory: string): void {
  if (!isObjectAddress(directory)) return;
  throw new UsageError(`'${directory}' is in an object store, where this is not possible: it needs a directory`, {
    code: 'object-store',
    remedy: `Copy the dataset to a directory first, such as with \`aws s3 sync ${directory} features/\`.`,
  });
}

/**
 * A text that was given for an address, without what may be secret in it: all before its last `@`,
 * and its query.
 *
 * @example
 * hiddenAddress('ftp://me:word@host/a?key=1'); // 'ftp://***@host/a?***'
 */
export function hiddenAddress(text: string): string {
  return text.replace(/\?.*$/s, '?***').replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/is, '$1***@');
}
