import type { IncomingMessage, ServerResponse } from 'node:http';
import { UsageError } from '../../core/errors.ts';
import { isOwnName, type ListeningAddress, type OwnServer, openServer } from './own-server.ts';

/** A page and its content type. */
export interface ServedPage {
  readonly type: string;
  readonly body: string;
}

const LOOPBACK = '127.0.0.1';

/**
 * Parses where to listen: a port of the loopback address, or `HOST:PORT`.
 * @throws UsageError for anything else.
 *
 * @example
 * listeningAddress('metricsPort', '0.0.0.0:9464');
 */
export function listeningAddress(option: string, given: number | string): ListeningAddress {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(String(given)) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= 65_535) return { host: bracketed ?? plain ?? LOOPBACK, port };
  throw new UsageError(`\`${option}\` must be a port from 0 to 65535, or HOST:PORT, but is '${given}'`, { option });
}

/**
 * Serves a few read-only pages that are made on request. The `Host` header must be an address,
 * `localhost` or the host that it listens at, so no web page in a browser can read them through its
 * own name.
 *
 * @param pages the pages, by path.
 * @returns where it listens, and a function that stops it.
 * @throws UsageError `address` if it cannot listen there.
 *
 * @example
 * const ok = async () => ({ type: 'text/plain', body: 'ok' });
 * const served = await servePages({ host: '127.0.0.1', port: 9464 }, { '/healthz': ok });
 */
export function servePages(
  address: ListeningAddress,
  pages: Readonly<Record<string, () => Promise<ServedPage>>>,
): Promise<OwnServer> {
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, address.host, pages).catch((error: unknown) => {
      if (!response.headersSent) reply(response, 500, { type: TEXT, body: `${(error as Error).message}\n` });
      else response.destroy();
    });
  };
  return openServer(address, listen, { connections: 32, lastAnswers: 0 });
}

const TEXT = 'text/plain; charset=utf-8';

async function answer(
  { method, url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  host: string,
  pages: Readonly<Record<string, () => Promise<ServedPage>>>,
): Promise<void> {
  if (!isOwnName(headers.host, host)) return reply(response, 421, { type: TEXT, body: 'another host is asked for\n' });
  if (method !== 'GET' && method !== 'HEAD') return reply(response, 405, { type: TEXT, body: 'GET only\n' });
  const path = url.split('?', 1)[0] as string;
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return reply(response, 404, { type: TEXT, body: 'no such page\n' });
  reply(response, 200, await page());
}

function reply(response: ServerResponse, status: number, { type, body }: ServedPage): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
