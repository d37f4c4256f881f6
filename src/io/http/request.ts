import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { FlowError, SystemError } from '../../core/errors.ts';
import { isPrivateHost } from '../../core/private-host.ts';
import { factOf } from '../../core/words-of.ts';
import { countNetworkUse } from './network-use.ts';
import { publicLookup } from './public-lookup.ts';
import { type RedirectRules, redirectTarget, shownAddress } from './redirects.ts';

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For the headers of an answer. */
  readonly answer: number;
  /** For the next bytes of its body. */
  readonly idle: number;
}

/** How to make a request. */
export interface RequestOptions {
  readonly patience: Patience;
  readonly redirects: Omit<RedirectRules, 'private'>;
  readonly signal?: AbortSignal | undefined;
}

/** The server's answer; its body must be read or destroyed. */
export interface Answer {
  readonly status: number;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: IncomingMessage;
  header(name: string): string | undefined;
}

/** The connection broke or the server fell silent: the same request may succeed later. */
export class InterruptedTransfer extends SystemError {
  constructor(message: string, cause?: unknown) {
    super('download', message, { cause });
  }
}

const redirectStatuses = [301, 302, 303, 307, 308];
const redirectLimit = 5;

/**
 * Requests a file with GET, and follows at most five redirects itself: see `redirectTarget`. A
 * request that was answered from the public network is never redirected into a private one,
 * whatever names are involved. Every request has its own connection, which is closed with its
 * answer. Proxies named by environment variables are not used.
 *
 * @throws SystemError `download` when the server cannot be reached or its redirects are refused;
 * InterruptedTransfer when trying again may help; FlowError `aborted`.
 */
export async function requestFile(
  source: URL,
  headers: Readonly<Record<string, string>>,
  { patience, redirects, signal }: RequestOptions,
): Promise<Answer> {
  let url = source;
  let rules: RedirectRules | undefined;
  for (let step = 0; step <= redirectLimit; step += 1) {
    const body = await answerOf(url, headers, patience, { signal, rules, from: source });
    const status = body.statusCode ?? 0;
    if (!redirectStatuses.includes(status)) {
      return { status, url, body, header: (name) => body.headersDistinct[name]?.join(', ') };
    }
    // The user has chosen where the given address itself leads.
    rules ??= { ...redirects, private: isPrivateHost(body.socket.remoteAddress ?? source.hostname) };
    body.destroy();
    url = redirectTarget(url, body.headers.location, rules);
  }
  throw new SystemError('download', `${shownAddress(source)} redirects more than ${redirectLimit} times`);
}

function answerOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
  way: { readonly signal: AbortSignal | undefined; readonly rules: RedirectRules | undefined; readonly from: URL },
): Promise<IncomingMessage> {
  const { signal, rules, from } = way;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(shownAddress(url)));
    const send = url.protocol === 'https:' ? secureRequest : plainRequest;
    // With a content encoding, sizes, ranges and hashes would refer to other bytes.
    const request = send(url, {
      agent: false,
      headers: { 'accept-encoding': 'identity', ...headers },
      lookup: rules?.private === false ? publicLookup(from, rules) : undefined,
    });
    countNetworkUse('requests');
    const late = setTimeout(
      () =>
        request.destroy(
          new InterruptedTransfer(`${shownAddress(url)} did not respond within ${patience.answer / 1000} s`),
        ),
      patience.answer,
    );
    const abort = () => request.destroy(interrupted(shownAddress(url)));
    signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
    };
    request.once('response', (answer) => {
      settle();
      resolve(answer);
    });
    request.on('error', (error) => {
      settle();
      reject(connectionFailure(shownAddress(url), error));
    });
    // A server that switches to another protocol (101) has neither answered nor failed.
    request.once('close', () => {
      settle();
      reject(new InterruptedTransfer(`the connection to ${shownAddress(url)} was closed without an answer`));
    });
    request.end();
  });
}

/**
 * The pieces of a body. Ends with an error when the connection is cut, when less than 16 KiB arrive
 * within `patience.idle` before the end, or on the signal; the connection is always closed, even if
 * the reader stops early.
 *
 * @throws InterruptedTransfer; FlowError `aborted`.
 */
export async function* piecesOf(
  body: Readable,
  where: string,
  patience: Patience,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const abort = () => body.destroy(interrupted(where));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let idle: NodeJS.Timeout | undefined;
  // A slow reader is not the server's fault, so only time spent waiting for the server counts.
  let [left, since, came] = [patience.idle, 0, 0];
  const wait = () => {
    if (came >= LEAST_BYTES) [left, came] = [patience.idle, 0];
    since = performance.now();
    idle = setTimeout(() => {
      const little = came === 0 ? 'no data' : `less than ${LEAST_BYTES / 1024} KiB`;
      body.destroy(new InterruptedTransfer(`${where} sent ${little} for ${patience.idle / 1000} s`));
    }, left);
  };
  try {
    wait();
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      clearTimeout(idle);
      left = Math.max(0, left - (performance.now() - since));
      came += piece.byteLength;
      countNetworkUse('received', piece.byteLength);
      yield piece;
      wait();
    }
  } catch (error) {
    throw connectionFailure(where, error);
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener('abort', abort);
    body.destroy();
  }
}

/** Minimum bytes to arrive within the idle time of a body: a trickle counts as nothing. */
const LEAST_BYTES = 16 * 1024;

const interrupted = (where: string) => new FlowError('aborted', `the download of ${where} was interrupted`);

/** Reasons why a connection that worked, or nearly did, may work again. */
const transient = ['EAI_AGAIN', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'];

function connectionFailure(where: string, error: unknown): Error {
  if (error instanceof SystemError || error instanceof FlowError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (transient.includes(code) || message === 'aborted') {
    return new InterruptedTransfer(`the connection to ${where} was cut (${code || message})`, error);
  }
  return new SystemError('download', `${where} cannot be reached: ${factOf(error) || code}`, { cause: error });
}
