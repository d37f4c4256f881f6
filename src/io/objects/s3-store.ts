import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetObjectCommandOutput, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { FlowError, SystemError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { countNetworkUse } from '../http/network-use.ts';
import { InterruptedTransfer } from '../http/request.ts';
import type {
  ObjectContent,
  ObjectRange,
  ObjectStart,
  ObjectStore,
  ObjectWait,
  OpenObject,
  PutCondition,
  StoredObject,
} from './object-store.ts';
import { objectAddress } from './store-address.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

/** How often a request is attempted if the store or the connection fails. */
const ATTEMPTS = 6;
/** Milliseconds before the first retry; twice as long before each further one. */
const FIRST_PAUSE = 100;
const CONNECT_PATIENCE = 10_000;
/** Milliseconds without a byte, and milliseconds to the start of an answer. */
const SILENCE = 60_000;
/** Metadata that name an object's writer, to tell whether an interrupted write had arrived. */
const WRITER = 'reelflow-writer';

/**
 * Opens `s3://bucket/prefix` in Amazon S3 or a store that speaks its protocol, with the AWS SDK,
 * which finds credentials, region and endpoint in its usual places (`AWS_PROFILE`, `AWS_REGION`,
 * `AWS_ENDPOINT_URL`).
 *
 * @throws UsageError `object-store` for an invalid address; SystemError `package` when the SDK is
 * not installed.
 *
 * @example
 * const store = await openS3Store('s3://films/features');
 */
export async function openS3Store(address: string): Promise<ObjectStore> {
  const { bucket, prefix } = objectAddress(address);
  const sdk = await optionalPackage('@aws-sdk/client-s3', 's3://', () => import('@aws-sdk/client-s3'));
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const hasRegion = process.env.AWS_REGION !== undefined || process.env.AWS_DEFAULT_REGION !== undefined;
  const client = new sdk.S3Client({
    // The SDK must not retry a write on its own: see `#put`.
    maxAttempts: 1,
    // A time limit on whole requests would abort long writes.
    requestHandler: { connectionTimeout: CONNECT_PATIENCE, socketTimeout: SILENCE },
    // Errors are thrown, and output of the SDK would mix with our own.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    // Stores that only speak the protocol seldom know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    forcePathStyle: endpoint !== undefined,
    // A custom endpoint has no region, and the SDK wants one.
    ...given({ region: endpoint === undefined || hasRegion ? undefined : 'us-east-1' }),
  });
  return new S3Store(sdk, client, bucket, prefix);
}

class S3Store implements ObjectStore {
  readonly address: string;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #before: string;

  constructor(sdk: Sdk, client: S3Client, bucket: string, prefix: string) {
    this.#sdk = sdk;
    this.#client = client;
    this.#bucket = bucket;
    this.#before = prefix === '' ? '' : `${prefix}/`;
    this.address = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  async get(name: string, range?: ObjectRange) {
    const found = await this.#get(name, range && `bytes=-${range.last}`);
    if (found === undefined || range === undefined) return found;
    const { bytes, etag, part } = found;
    const { last } = range;
    if (part === undefined) return { bytes: bytes.subarray(Math.max(0, bytes.byteLength - last)), etag };
    const isEnd = part.to + 1 === part.total && part.from === Math.max(0, part.total - last);
    if (isEnd && bytes.byteLength === part.to + 1 - part.from) return { bytes, etag };
    // Some stores mistake the number of last bytes for the position of the last one.
    const whole = await this.#get(name);
    return whole && { bytes: whole.bytes.subarray(Math.max(0, whole.bytes.byteLength - last)), etag: whole.etag };
  }

  #get(name: string, range?: string) {
    const { GetObjectCommand } = this.#sdk;
    return this.#unlessMissing(name, async () => {
      const wanted = { ...this.#place(name), Range: range };
      const got = await this.#client.send(new GetObjectCommand(wanted));
      const bytes = (await got.Body?.transformToByteArray()) ?? new Uint8Array();
      if (got.ContentLength !== undefined && bytes.byteLength !== got.ContentLength) {
        throw new Error(`it sent ${bytes.byteLength} of ${got.ContentLength} bytes`);
      }
      countNetworkUse('received', bytes.byteLength);
      return { bytes, etag: got.ETag ?? '', part: partOf(got.ContentRange) };
    });
  }

  async open(name: string, { from, etag, ...wait }: ObjectStart): Promise<OpenObject | 'changed' | undefined> {
    const { GetObjectCommand } = this.#sdk;
    const wanted = { Range: from > 0 ? `bytes=${from}-` : undefined, IfMatch: etag };
    let got: GetObjectCommandOutput;
    try {
      countNetworkUse('requests');
      got = await answered(wait, (until) =>
        this.#client.send(new GetObjectCommand({ ...this.#place(name), ...wanted }), until),
      );
    } catch (error) {
      if (error instanceof FlowError) throw error;
      if (isMissing(error)) return undefined;
      // 416: it is now shorter than what has been read.
      if (statusOf(error) === 412 || statusOf(error) === 416) return 'changed';
      const failure = this.#failure(`read ${name}`, error);
      throw mayGoWell(error) ? new InterruptedTransfer(failure.message, failure) : failure;
    }
    const body = got.Body as Readable;
    const part = partOf(got.ContentRange);
    // If a store ignores the range or the tag, its bytes must not be joined to others.
    const isOther = got.ETag === undefined || (etag !== undefined && got.ETag !== etag) || (part?.from ?? 0) !== from;
    const total = part?.total ?? got.ContentLength;
    if (!isOther && Number.isSafeInteger(total)) return { body, total: total as number, etag: got.ETag ?? '' };
    body.destroy();
    if (isOther) return 'changed';
    throw new SystemError('object-store', `${this.address}: the store does not say how many bytes ${name} has`, {
      remedy: 'Copy the object to this machine, and name the copy.',
      cause: new Error('an answer without a Content-Length'),
    });
  }

  async head(name: string, wait: ObjectWait = {}): Promise<StoredObject | undefined> {
    const { HeadObjectCommand } = this.#sdk;
    const ask = async (until: Until) => {
      const found = await this.#client.send(new HeadObjectCommand(this.#place(name)), until);
      const { ContentLength: size, ETag: etag = '', LastModified } = found;
      return { name, size, modified: LastModified?.getTime() ?? 0, etag };
    };
    return this.#unlessMissing(name, () => answered(wait, ask), wait.signal);
  }

  async put(name: string, content: ObjectContent, condition?: PutCondition): Promise<string | undefined> {
    const { PutObjectCommand } = this.#sdk;
    const writer = randomBytes(12).toString('hex');
    const when =
      condition === undefined ? {} : condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag };
    let isInDoubt = false;
    const written = await this.#trying(`write ${name}`, async () => {
      const body = content instanceof Uint8Array ? content : createReadStream(content.file);
      const length = content instanceof Uint8Array ? content.byteLength : (await stat(content.file)).size;
      try {
        const put = await this.#client.send(
          new PutObjectCommand({
            ...{ ...this.#place(name), ...when, Body: body, ContentLength: length },
            Metadata: { [WRITER]: writer },
          }),
        );
        countNetworkUse('sent', length);
        return put.ETag ?? '';
      } catch (error) {
        if (statusOf(error) === 412) return undefined;
        // The object for `If-Match` no longer exists.
        if (statusOf(error) === 404 && condition !== undefined && codeOf(error) === 'NoSuchKey') return undefined;
        isInDoubt = true;
        throw error;
      } finally {
        if (!(body instanceof Uint8Array)) body.destroy();
      }
    });
    // An attempt whose answer was lost may have been the one that succeeded.
    return written ?? (isInDoubt ? this.#ownTag(name, writer) : undefined);
  }

  async #ownTag(name: string, writer: string): Promise<string | undefined> {
    const { HeadObjectCommand } = this.#sdk;
    return this.#unlessMissing(name, async () => {
      const found = await this.#client.send(new HeadObjectCommand(this.#place(name)));
      return found.Metadata?.[WRITER] === writer ? (found.ETag ?? '') : undefined;
    });
  }

  async *list(prefix: string, wait: ObjectWait = {}): AsyncGenerator<StoredObject> {
    const { ListObjectsV2Command } = this.#sdk;
    let token: string | undefined;
    do {
      const from = token;
      const wanted = { Bucket: this.#bucket, Prefix: this.#before + prefix, ContinuationToken: from };
      const ask = (until: Until) => this.#client.send(new ListObjectsV2Command(wanted), until);
      const page = await this.#trying(`list ${prefix}`, () => answered(wait, ask), wait.signal);
      for (const { Key: key = '', Size: size, ETag: etag = '', LastModified } of page.Contents ?? []) {
        yield { name: key.slice(this.#before.length), size, modified: LastModified?.getTime() ?? 0, etag };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async delete(name: string): Promise<void> {
    const { DeleteObjectCommand } = this.#sdk;
    await this.#unlessMissing(name, () => this.#client.send(new DeleteObjectCommand(this.#place(name))));
  }

  close(): void {
    this.#client.destroy();
  }

  #place(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#before + name };
  }

  #unlessMissing<Found>(
    name: string,
    ask: () => Promise<Found>,
    signal?: AbortSignal | undefined,
  ): Promise<Found | undefined> {
    const found = async () => {
      try {
        return await ask();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    };
    return this.#trying(name, found, signal);
  }

  /**
   * Retries what may succeed later: the store is busy, or the connection broke.
   */
  async #trying<Found>(what: string, ask: () => Promise<Found>, signal?: AbortSignal | undefined): Promise<Found> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        countNetworkUse('requests');
        return await ask();
      } catch (error) {
        if (error instanceof FlowError) throw error;
        if (mayGoWell(error) && attempt < ATTEMPTS) {
          countNetworkUse('retries');
          const pause = FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
          await sleep(pause, undefined, { signal }).catch((cause) => {
            throw stopped(cause);
          });
          continue;
        }
        throw this.#failure(what, error);
      }
    }
  }

  #failure(what: string, error: unknown): SystemError {
    return new SystemError('object-store', `${this.address}: ${what} failed: ${reasonOf(error)}`, {
      remedy: remedyFor(error),
      cause: error,
    });
  }
}

/** The signal with which the SDK aborts a request. */
interface Until {
  readonly abortSignal: AbortSignal;
}

/** The answer to a request, abandoned if it does not start in time. */
async function answered<Answer>(
  { signal, answer = SILENCE }: ObjectWait,
  ask: (until: Until) => Promise<Answer>,
): Promise<Answer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answer);
  try {
    return await ask({ abortSignal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]) });
  } catch (error) {
    if (signal?.aborted) throw stopped(error);
    // Replaces the SDK's message, which reads as if somebody had aborted it.
    if (late.signal.aborted) throw new Error(`it did not answer within ${answer / 1000} s`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const stopped = (cause: unknown) => new FlowError('aborted', 'the reading of an object was stopped', { cause });

/**
 * The status with which a store refused, 0 if it did not answer; undefined for errors that are due
 * neither to the store nor to the request.
 */
export function objectFault({ code, cause }: SystemError): number | undefined {
  return code !== 'object-store' || cause === undefined || isSetUp(cause) ? undefined : (statusOf(cause) ?? 0);
}

/** The range of an answer and the total size; undefined if the answer has all bytes. */
function partOf(range: string | undefined) {
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '') ?? [];
  return total === undefined ? undefined : { from: Number(from), to: Number(to), total: Number(total) };
}

/** Whether there is no such object, as opposed to a missing bucket. */
function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && codeOf(error) !== 'NoSuchBucket';
}

/** Whether another attempt may succeed: the store is busy, or the connection broke. */
function mayGoWell(error: unknown): boolean {
  const status = statusOf(error);
  return (status === undefined || status >= 500 || [408, 409, 429].includes(status)) && !isSetUp(error);
}

/** The status of the answer; undefined if the connection broke while it arrived. */
function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;
}

function codeOf(error: unknown): string {
  return (error as Error).name;
}

/** Errors that no further attempt can change: missing credentials or region. */
function isSetUp(error: unknown): boolean {
  return codeOf(error) === 'CredentialsProviderError' || /region is missing/i.test((error as Error).message);
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  const { name, message } = error as Error;
  const status = statusOf(error);
  return `${message || name}${status === undefined ? '' : ` (${name}, status ${status})`}`;
}

function remedyFor(error: unknown): string {
  const status = statusOf(error);
  if (isSetUp(error)) return 'Give the credentials and the region as for the AWS command line: `aws configure`.';
  if (status === 403)
    return 'The credentials must allow getting, putting, listing and deleting objects below this prefix.';
  if (status === 404) return 'Create the bucket, or name another one.';
  if (status === 501 || status === 400)
    return 'The store must support conditional writes (`If-None-Match`, `If-Match`).';
  return 'Make sure that the store can be reached, and run it again: what is committed is kept.';
}
