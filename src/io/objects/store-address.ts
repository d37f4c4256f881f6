import { UsageError } from '../../core/errors.ts';

/** Where a dataset is in an object store. */
export interface ObjectAddress {
  readonly bucket: string;
  /** Without leading or trailing slashes; empty for the whole bucket. */
  readonly prefix: string;
}

/**
 * Parses `s3://bucket/prefix`.
 * @throws UsageError `object-store` when it does not have that form.
 *
 * @example
 * objectAddress('s3://films/features'); // { bucket: 'films', prefix: 'features' }
 */
export function objectAddress(text: string): ObjectAddress {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/is.exec(text) ?? [];
  const parts = path.replace(/\/+$/, '').split('/');
  const isPlain = path === '' || parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (bucket !== undefined && bucket === bucket.toLowerCase() && isPlain) return { bucket, prefix: parts.join('/') };
  throw new UsageError(
    `an object store must have an address such as s3://bucket/prefix, but is '${hiddenAddress(text)}'`,
    {
      code: 'object-store',
    },
  );
}

/**
 * A text that was given as an address, without its possibly secret parts: everything before its
 * last `@`, and its query.
 *
 * @example
 * hiddenAddress('ftp://me:word@host/a?key=1'); // 'ftp://***@host/a?***'
 */
export function hiddenAddress(text: string): string {
  return text.replace(/\?.*$/s, '?***').replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/is, '$1***@');
}
