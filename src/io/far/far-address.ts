import { UsageError } from '../../core/errors.ts';
import { shownAddress } from '../http/redirects.ts';
import { hiddenAddress, objectAddress } from '../objects/store-address.ts';

/** Shown instead of a query, which may be a signature that gives anybody access to the file. */
const HIDDEN = '?***';
/** Query parameters of addresses signed by S3 and Google that differ with each signature. */
const SIGNATURE = /^x-(amz|goog)-/i;

/** Where a remote file is. */
export type FarAddress =
  | { readonly kind: 'http'; readonly url: URL; readonly shown: string; readonly identity: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Name of the object, or the common prefix of several. */
      readonly name: string;
      readonly shown: string;
      readonly identity: string;
    };

/** Whether a text is an address from which files can be read: `https://`, `http://` or `s3://`. */
export function isFarAddress(text: string): boolean {
  return /^(https?|s3):\/\//i.test(text);
}

/**
 * Whether an address is only for display: its query is hidden, so it cannot be read from.
 */
export function isHiddenAddress(text: string): boolean {
  return isFarAddress(text) && text.endsWith(HIDDEN);
}

/**
 * Parses the address of an input. `shown` is the form used in messages and datasets, without the
 * query; `identity` identifies the file independently of the signature.
 *
 * @throws UsageError for something that is not an address, has a password, or is only for display.
 *
 * @example
 * farAddress('https://films.example.org/heat.mp4?token=1').shown; // 'https://films.example.org/heat.mp4?***'
 */
export function farAddress(text: string): FarAddress {
  if (/^s3:/i.test(text)) {
    const { bucket, prefix: name } = objectAddress(text);
    const shown = `s3://${bucket}${name === '' ? '' : `/${name}`}`;
    return { kind: 's3', bucket, name, shown, identity: shown };
  }
  if (!URL.canParse(text)) throw new UsageError(`the address '${hiddenAddress(text)}' is not understood`);
  const url = new URL(text);
  url.hash = '';
  const shown = shownAddress(url) + (url.search === '' ? '' : HIDDEN);
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(`'${shown}' was given with a user name or a password`, {
      remedy: 'Give an address that needs none, such as a signed one.',
    });
  }
  if (isHiddenAddress(text)) {
    throw new UsageError(`'${shown}' is only what is shown of an address: its query is not kept`, {
      remedy: 'Give the whole address, or one without a query if others must read it from the dataset.',
    });
  }
  const unsigned = new URL(url.href);
  for (const name of [...unsigned.searchParams.keys()]) if (SIGNATURE.test(name)) unsigned.searchParams.delete(name);
  return { kind: 'http', url, shown, identity: unsigned.href };
}

/**
 * The path of an address without a leading slash, from which ids are made.
 */
export function pathOfAddress(text: string): string {
  const address = farAddress(text);
  if (address.kind === 's3') return address.name;
  const path = address.url.pathname.replace(/^\/+/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    // A percent sign that encodes nothing is taken literally.
    return path;
  }
}
