import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkInteger, checkString } from '../../core/check.ts';
import { closeAll } from '../../core/close-all.ts';
import { FlowError, UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { isLoopback } from '../../core/loopback.ts';
import { openServer } from '../../io/http/own-server.ts';
import { answerOf } from './endpoints.ts';
import { failedAnswer } from './failed-answer.ts';
import { indexPage } from './index-page.ts';
import { itemPage } from './item-page.ts';
import { itemsPage } from './items-page.ts';
import { type McpAnswers, mcpOverHttp } from './mcp.ts';
import { type OpenServed, openServed, type Served } from './open-served.ts';
import { recommenderPage } from './recommender-page.ts';
import { refusalOf } from './request-guard.ts';
import { servedPolicy } from './served-page.ts';

/** What to serve, and to whom. */
export interface ServeOptions extends Served {
  /** Default `127.0.0.1`: only programs on this machine. */
  readonly host?: string | undefined;
  /** Default 0: any free one. */
  readonly port?: number | undefined;
  /**
   * The token that requests must carry, at least 16 characters. Default: none on the loopback
   * address, else a random one.
   */
  readonly token?: string | undefined;
  /** Requests answered at the same time; any more are told to try again. Default 8. */
  readonly concurrency?: number | undefined;
  /**
   * Also answers the Model Context Protocol at `/mcp`, under the same rules. Needs
   * `@modelcontextprotocol/server`. Default false.
   */
  readonly mcp?: boolean | undefined;
}

/** A running server. */
export interface FeatureServer {
  readonly url: string;
  /** Required in every request, if there is one. */
  readonly token: string | undefined;
  /** Finishes the requests in progress, then ends. */
  close(): Promise<void>;
}

const known: KnownOptions<ServeOptions> = {
  ...{ features: true, recommender: true, host: true, port: true, token: true, concurrency: true, mcp: true },
};

/** Maximum bytes of a request body. */
const MOST_BODY = 64 * 1024;
/** Milliseconds that requests in progress get when the server closes. */
const LAST_ANSWERS = 2000;
/** A shorter token can be guessed. */
const SHORTEST_TOKEN = 16;

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': servedPolicy,
};

/**
 * Serves features and a recommender over HTTP: pages, JSON answers of `search`, `recommend`,
 * `explain`, `similar` and others, and, if requested, tools of the Model Context Protocol. No file
 * is served, so no path leads anywhere. Pages of other sites are refused by `Host` and `Origin`;
 * the size and time of bodies, and the number of connections and of simultaneous requests, are
 * limited.
 *
 * @throws UsageError when there is nothing to serve, or an option is wrong.
 * @example
 * const server = await serve({ features: 'reduced/', recommender: await loadRecommender('recommenders/svd') });
 * await fetch(`${server.url}/api/similar?item=318`);
 * await server.close();
 */
export async function serve(options: ServeOptions): Promise<FeatureServer> {
  checkKnownOptions('serve', options, known);
  const host = checkString('host', options.host ?? '127.0.0.1');
  const token = tokenOf(options.token, host);
  const port = checkInteger('port', options.port ?? 0, 0, 65_535);
  const concurrency = checkInteger('concurrency', options.concurrency ?? 8);
  const served = await openServed(options);
  let mcp: McpAnswers | undefined;
  let busy = 0;
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    const refusal = refusalOf(request, { host, token });
    if (refusal !== undefined) {
      sendJson(response, refusal.status, { code: refusal.code, message: refusal.message });
      return;
    }
    if (busy >= concurrency) {
      response.setHeader('Retry-After', '1');
      sendJson(response, 503, { code: 'busy', message: 'too many requests at a time' });
      return;
    }
    busy++;
    void answer(request, response, served, mcp)
      .catch((error: unknown) => sendFault(response, error, served))
      .finally(() => busy--);
  };
  const closeServed = () =>
    closeAll(
      () => mcp?.close(),
      () => served.close(),
    );
  try {
    if (options.mcp === true) mcp = await mcpOverHttp(served);
    const opened = await openServer({ host, port }, listen, { connections: 64, lastAnswers: LAST_ANSWERS });
    return { url: opened.origin, token, close: () => closeAll(() => opened.close(), closeServed) };
  } catch (error) {
    await closeServed();
    throw error;
  }
}

/** @throws UsageError when it is short enough to be guessed. */
function tokenOf(wanted: string | undefined, host: string): string | undefined {
  if (wanted === undefined) return isLoopback(host) ? undefined : randomBytes(24).toString('base64url');
  const token = checkString('token', wanted);
  if (token.length >= SHORTEST_TOKEN) return token;
  throw new UsageError(`\`token\` must have at least ${SHORTEST_TOKEN} characters`, { option: 'token' });
}

/** The pages, by path. */
const pages: Readonly<Record<string, (served: OpenServed, parameters: URLSearchParams) => Promise<string>>> = {
  '/': indexPage,
  '/items': itemsPage,
  '/item': itemPage,
  '/recommender': recommenderPage,
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: OpenServed,
  mcp: McpAnswers | undefined,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  if (page !== undefined && request.method === 'GET') {
    const text = await page(served, searchParams);
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8' }).end(text);
    return;
  }
  const body = request.method === 'POST' ? await bodyOf(request) : undefined;
  if (pathname === '/mcp' && mcp !== undefined) {
    await answerMcp(request, response, body, mcp);
    return;
  }
  const [, name = ''] = /^\/api\/([a-z-]+)$/.exec(pathname) ?? [];
  const result = await answerOf(name, searchParams, body, served);
  if (result === undefined) sendJson(response, 404, { code: 'not-found', message: 'there is nothing of that name' });
  else sendJson(response, 200, result);
}

async function answerMcp(
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
  mcp: McpAnswers,
): Promise<void> {
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  );
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const asked = new Request(`http://localhost/mcp`, { method: request.method ?? 'GET', headers, ...text });
  const answered = await mcp.answer(asked, body);
  const type = answered.headers.get('content-type') ?? 'application/json; charset=utf-8';
  response.writeHead(answered.status, { ...HEADERS, 'Content-Type': type }).end(await answered.text());
}

/** @throws UsageError when it is too long or not JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new UsageError('a body must be `application/json`', { code: 'bad-body' });
  }
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_BODY) throw new UsageError(`a body has at most ${MOST_BODY} bytes`, { code: 'long-body' });
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (cause) {
    throw new UsageError('the body is not JSON', { code: 'bad-body', cause });
  }
}

/** Tells the client what is wrong with its request; of any other error, only that there was one. */
function sendFault(response: ServerResponse, error: unknown, served: OpenServed): void {
  // The client is gone, or already has half an answer.
  if (response.headersSent || (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
    response.destroy();
    return;
  }
  response.setHeader('Connection', 'close');
  if (error instanceof UsageError) {
    const status = /^unknown-/.test(error.code) ? 404 : error.code === 'long-body' ? 413 : 400;
    sendJson(response, status, { code: error.code, message: served.hidePaths(error.message) });
    return;
  }
  const code = error instanceof FlowError ? error.code : 'internal';
  sendJson(response, 500, { code, message: failedAnswer(error) });
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'application/json; charset=utf-8' }).end(text);
}
