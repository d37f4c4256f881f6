import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { FlowError, SystemError } from '../../core/errors.ts';
import { redirectTarget, shownAddress } from './addresses.ts';

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For the headers of an answer. */
  readonly answer: number;
  /** For the next bytes of its body. */
  readonly idle: number;
}

/** The server's answer; its body must be read or destroyed. */
export interface Answer {
  readonly status: number;
  /** Where the answer came from, redirects followed. */
  readonly url: URL;
  readonly body: IncomingMessage;
  header(name: string): string | undefined;
}

/** The connection broke or the server fell silent: the same request may succeed another time. */
export class InterruptedTransfer extends SystemError {
  constructor(message: string, cause?: unknown) {
    super('download', message, { cause });
  }
}

const redirects = [301, 302, 303, 307, 308];
const redirectLimit = 5;

/**
 * Asks for a file with GET, following at most five redirects by hand. Every connection is its own
 * and is closed with its answer. Proxies named by environment variables are not used.
 *
 * @throws SystemError `download` when the server cannot be reached or its redirects are refused;
 * InterruptedTransfer when trying again may help; FlowError `aborted`.
 */
export async function requestFile(
  source: URL,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
  signal?: AbortSignal,
): Promise<Answer> {
  let url = source;
  for (let step = 0; step <= redirectLimit; step += 1) {
    const body = await answerOf(url, headers, patience, signal);
    const status = body.statusCode ?? 0;
    if (!redirects.includes(status)) {
      return { status, url, body, header: (name) => body.headersDistinct[name]?.join(', ') };
    }
    body.destroy();
    url = redirectTarget(source, url, body.headers.location);
  }
  throw new SystemError('download', `${shownAddress(source)} redirects more than ${redirectLimit} times`);
}

function answerOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(url));
    const send = url.protocol === 'https:' ? secureRequest : plainRequest;
    // A content encoding would make sizes, ranges and hashes those of other bytes.
    const request = send(url, { agent: false, headers: { 'accept-encoding': 'identity', ...headers } });
    const late = setTimeout(
      () =>
        request.destroy(
          new InterruptedTransfer(`${shownAddress(url)} did not respond within ${patience.answer / 1000} s`),
        ),
      patience.answer,
    );
    const abort = () => request.destroy(interrupted(url));
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
      reject(connectionFailure(url, error));
    });
    request.end();
  });
}

/**
 * The pieces of an answer's body. Ends with an error when the connection is cut, when nothing comes
 * for `patience.idle`, or on the signal; the connection is closed in every case, also when the
 * reader stops early.
 *
 * @throws InterruptedTransfer; FlowError `aborted`.
 */
export async function* bodyOf(answer: Answer, patience: Patience, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body, url } = answer;
  const abort = () => body.destroy(interrupted(url));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let idle: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      body.destroy(new InterruptedTransfer(`${shownAddress(url)} sent no data for ${patience.idle / 1000} s`));
    }, patience.idle);
  };
  try {
    wait();
    for await (const piece of body) {
      clearTimeout(idle);
      yield piece as Uint8Array;
      wait();
    }
  } catch (error) {
    throw connectionFailure(url, error);
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener('abort', abort);
    body.destroy();
  }
}

const interrupted = (url: URL) => new FlowError('aborted', `the download of ${shownAddress(url)} was interrupted`);

/** Reasons why a connection that worked, or nearly did, may work again. */
const transient = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'];

function connectionFailure(url: URL, error: unknown): Error {
  if (error instanceof SystemError || error instanceof FlowError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (transient.includes(code) || message === 'aborted') {
    return new InterruptedTransfer(`the connection to ${shownAddress(url)} was cut (${code || message})`, error);
  }
  return new SystemError('download', `${shownAddress(url)} cannot be reached: ${message || code}`, { cause: error });
}
