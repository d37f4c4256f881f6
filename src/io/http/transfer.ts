import { SystemError } from '../../core/errors.ts';
import { type Part, type PartFacts, validatorOf } from './part.ts';
import { shownAddress } from './redirects.ts';
import { type Answer, InterruptedTransfer, piecesOf, type RequestOptions, requestFile } from './request.ts';

/** How one request for a file, or for the rest of it, ended. */
export type Transfer =
  | { readonly outcome: 'whole' }
  | {
      readonly outcome: 'again';
      readonly why: string;
      /** The pause that the server asks for. */
      readonly pauseSeconds?: number | undefined;
      readonly cause?: unknown;
    };

/** The limits of one request. */
export interface TransferOptions extends RequestOptions {
  /** The size, if known, and the maximum that is accepted. */
  readonly limits: { readonly bytes: number | undefined; readonly most: number };
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
}

const worthTryingAgain = [408, 425, 429, 500, 502, 503, 504];

/** The server's answer is final: another attempt would not change it. */
export class RefusedTransfer extends SystemError {
  /** Status of the answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super('download', message);
    this.status = status;
  }
}

/** The file is larger than accepted, or does not have the required length. */
export class WrongSize extends SystemError {
  constructor(message: string) {
    super('download', message, { remedy: 'It is not the expected file: try another source.' });
  }
}

/** When to try again, if an answer says that a later attempt may succeed. */
export function busyAnswer({ status, url, header }: Answer): Transfer | undefined {
  if (!worthTryingAgain.includes(status)) return undefined;
  const pauseSeconds = pauseAskedFor(header('retry-after'));
  return { outcome: 'again', why: `${shownAddress(url)} answers ${status}`, pauseSeconds };
}

/**
 * Makes one request for a file or, if a part of it has been received with a validator (RFC 9110:
 * strong ETag, else Last-Modified), for the rest of it with `Range` and `If-Range`. If the server
 * sends the whole file instead, because it ignores ranges or the file has changed, the part starts
 * over.
 *
 * @throws SystemError `download` for an answer that another attempt would not change;
 * InterruptedTransfer; FlowError `aborted`.
 */
export async function transfer(url: URL, part: Part, options: TransferOptions): Promise<Transfer> {
  const facts = part.size > 0 ? await part.facts() : undefined;
  const validator = facts && validatorOf(facts);
  if (facts && validator !== undefined && facts.total === part.size) return { outcome: 'whole' };
  const resumes = validator !== undefined && part.size <= options.limits.most;
  if (!resumes && part.size > 0) await part.restart();
  const headers: Record<string, string> = resumes ? { range: `bytes=${part.size}-`, 'if-range': validator } : {};
  const answer = await requestFile(url, headers, options);
  try {
    return await receive(answer, part, resumes ? facts : undefined, options);
  } finally {
    answer.body.destroy();
  }
}

async function receive(
  answer: Answer,
  part: Part,
  facts: PartFacts | undefined,
  options: TransferOptions,
): Promise<Transfer> {
  const { status, header } = answer;
  const where = shownAddress(answer.url);
  const busy = busyAnswer(answer);
  if (busy !== undefined) return busy;
  if (status === 416 && facts) {
    await part.restart();
    return { outcome: 'again', why: `${where} has no bytes beyond those already here (416): starting over` };
  }
  if (status !== 200 && !(status === 206 && facts)) {
    throw new RefusedTransfer(status, `${where} answers ${status}${status === 404 ? ', there is no such file' : ''}`);
  }
  const encoding = header('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new SystemError('download', `${where} sends the file with encoding '${encoding.slice(0, 40)}'`);
  }
  const length = contentLength(header('content-length'));
  let total: number | undefined;
  if (status === 206) {
    total = restOf(header('content-range'), part.size);
    const isSame =
      (facts?.total === undefined || facts.total === total) && sameValidator(facts, factsOf(answer, total));
    if (total === undefined || !isSame) {
      await part.restart();
      return { outcome: 'again', why: `${where} sends a different part than requested, starting over` };
    }
  } else {
    total = length;
  }
  checkTotal(total, options.limits, where);
  if (status === 200) await part.restart(factsOf(answer, total));
  return body(answer, part, total, options);
}

async function body(
  answer: Answer,
  part: Part,
  total: number | undefined,
  options: TransferOptions,
): Promise<Transfer> {
  const where = shownAddress(answer.url);
  const expected = options.limits.bytes ?? total;
  for await (const piece of piecesOf(answer.body, where, options.patience, options.signal)) {
    if (part.size + piece.byteLength > (expected ?? options.limits.most)) {
      await part.restart();
      throw new WrongSize(`${where} sends more than ${expected ?? options.limits.most} bytes`);
    }
    await part.append(piece);
    options.onBytes?.(part.size, expected);
  }
  if (expected !== undefined && part.size < expected) {
    throw new InterruptedTransfer(`${where} ended after ${part.size} of ${expected} bytes`);
  }
  return { outcome: 'whole' };
}

function checkTotal(total: number | undefined, limits: TransferOptions['limits'], where: string): void {
  if (total === undefined) return;
  if (limits.bytes !== undefined && total !== limits.bytes) {
    throw new WrongSize(`${where} has ${total} bytes, but the file has ${limits.bytes}`);
  }
  if (total > limits.most)
    throw new WrongSize(`${where} has ${total} bytes, more than the ${limits.most} that are accepted`);
}

/** What an answer says about the file. */
export function factsOf(answer: Answer, total: number | undefined): PartFacts {
  const [etag, lastModified] = [answer.header('etag'), answer.header('last-modified')];
  return { etag, lastModified, total };
}

/**
 * Whether a partial answer belongs to the part; servers may leave out what the request already
 * named.
 */
function sameValidator(before: PartFacts | undefined, now: PartFacts): boolean {
  if (before?.etag?.startsWith('"') && now.etag !== undefined) return now.etag === before.etag;
  return (
    now.lastModified === undefined || before?.lastModified === undefined || now.lastModified === before.lastModified
  );
}

/** The whole size that a `Content-Range` states, if the range goes from `start` to the end. */
function restOf(header: string | undefined, start: number): number | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '') ?? [];
  return first !== undefined && Number(first) === start && Number(last) + 1 === Number(total)
    ? Number(total)
    : undefined;
}

/** The length that a header states. */
export function contentLength(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** Seconds of a `Retry-After`, which is a number of seconds or a date. */
function pauseAskedFor(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.max(0, (time - Date.now()) / 1000);
}
