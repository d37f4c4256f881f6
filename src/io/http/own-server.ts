import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';

/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

/** A listening server. */
export interface OwnServer {
  /** For example `http://127.0.0.1:9464`. */
  readonly origin: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds within which a request must have arrived completely. */
const ARRIVAL = 10_000;

/**
 * Opens an HTTP server with limits on connections, headers and the arrival time of requests.
 *
 * @param bounds.connections maximum number of connections.
 * @param bounds.lastAnswers milliseconds that requests in progress get when it closes.
 * @throws UsageError `address` if it cannot listen there.
 *
 * @example
 * const answer: RequestListener = (_, response) => void response.end('ok');
 * const server = await openServer({ host: '127.0.0.1', port: 0 }, answer, { connections: 32, lastAnswers: 0 });
 * await server.close();
 */
export async function openServer(
  { host, port }: ListeningAddress,
  answer: RequestListener,
  { connections, lastAnswers }: { readonly connections: number; readonly lastAnswers: number },
): Promise<OwnServer> {
  const server = createServer(
    {
      ...{ requestTimeout: ARRIVAL, headersTimeout: ARRIVAL, maxHeaderSize: 8192 },
      // How often both limits are checked; the default is every 30 s.
      connectionsCheckingInterval: 1000,
    },
    answer,
  );
  server.maxConnections = connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${host}:${port} cannot be listened at: ${wordsOf(cause)}`, {
      code: 'address',
      remedy: ['ENOTFOUND', 'EADDRNOTAVAIL'].includes(cause.code ?? '')
        ? 'Name an address of this machine as `host`.'
        : 'Name another port, or 0 for any that is free.',
      cause,
    });
  });
  // A connection that could not be accepted only affects its client.
  server.on('error', () => undefined);
  const { port: given } = server.address() as AddressInfo;
  return {
    origin: `http://${isIP(host) === 6 ? `[${host}]` : host}:${given}`,
    port: given,
    close: () =>
      new Promise((resolve) => {
        // Idle connections, and requests that take too long, are not waited for.
        const end = setTimeout(() => server.closeAllConnections(), lastAnswers);
        server.close(() => {
          clearTimeout(end);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/**
 * Whether a `Host` header names a server that listens at a host by a name that nobody can redirect:
 * an address, `localhost` or the host itself. A web page in a browser sends its own name, wherever
 * that leads.
 */
export function isOwnName(header: string | undefined, host: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return isIP(name) > 0 || name === 'localhost' || (name !== '' && name === host.toLowerCase());
}
