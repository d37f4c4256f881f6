import type { McpServer } from '@modelcontextprotocol/server';
import { UsageError } from '../../core/errors.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { answerOf, type Endpoint, endpointsOf } from './endpoints.ts';
import { failedAnswer } from './failed-answer.ts';
import type { OpenServed } from './open-served.ts';

const PACKAGE = '@modelcontextprotocol/server';
const WHAT = 'the Model Context Protocol';

/** Answers requests of the Model Context Protocol over HTTP. */
export interface McpAnswers {
  answer(request: Request, body: unknown): Promise<Response>;
  close(): Promise<void>;
}

/**
 * The endpoints as tools of the Model Context Protocol, over HTTP.
 *
 * @throws SystemError `package` when its package is not installed.
 */
export async function mcpOverHttp(served: OpenServed): Promise<McpAnswers> {
  const sdk = await optionalPackage(PACKAGE, WHAT, () => import('@modelcontextprotocol/server'));
  const handler = sdk.createMcpHandler(() => toolServer(sdk, served), { maxSubscriptions: 0 });
  return {
    answer: (request, parsedBody) => handler.fetch(request, { parsedBody }),
    close: () => handler.close(),
  };
}

/**
 * The same over stdin and stdout, for a program that starts this one. @returns an object that ends
 * it.
 *
 * @throws SystemError `package` when its package is not installed.
 */
export async function mcpOverStdio(served: OpenServed): Promise<{ close(): Promise<void> }> {
  const sdk = await optionalPackage(PACKAGE, WHAT, () => import('@modelcontextprotocol/server'));
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
  return serveStdio(() => toolServer(sdk, served));
}

function toolServer(sdk: typeof import('@modelcontextprotocol/server'), served: OpenServed): McpServer {
  const server = new sdk.McpServer(
    { name: 'reelflow', version: softwareVersion().replace(/^.* /, '') },
    { capabilities: { tools: {} }, instructions: instructionsOf(served) },
  );
  for (const endpoint of endpointsOf(served)) {
    server.registerTool(
      endpoint.name,
      {
        description: endpoint.does,
        inputSchema: sdk.fromJsonSchema<Readonly<Record<string, string | number | boolean>>>(schemaOf(endpoint)),
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      async (given) => toolAnswer(endpoint, given, served),
    );
  }
  return server;
}

/** What a caller must know about every answer. */
function instructionsOf({ features, recommender }: OpenServed): string {
  const random = features?.random ?? [];
  const doubt = random.length === 0 ? '' : ` ${random.join(' and ')}: RANDOM weights, so similarity is meaningless.`;
  const learnt = recommender === undefined ? '' : ' Predictions are for people who rate, not for everybody.';
  return `Features of audiovisual items, and a recommender for them.${doubt}${learnt}`;
}

function schemaOf({ takes, must }: Endpoint) {
  const properties = Object.entries(takes).map(([name, { type, does }]) => [name, { type, description: does }]);
  return {
    type: 'object' as const,
    ...{ properties: Object.fromEntries(properties), required: [...must], additionalProperties: false },
  };
}

async function toolAnswer(
  { name }: Endpoint,
  given: Readonly<Record<string, string | number | boolean>>,
  served: OpenServed,
) {
  const parameters = new URLSearchParams(
    Object.entries(given).map(([key, value]): [string, string] => [key, String(value)]),
  );
  try {
    const answer = await answerOf(name, parameters, undefined, served);
    return { content: [{ type: 'text' as const, text: JSON.stringify(answer) }] };
  } catch (error) {
    const text = error instanceof UsageError ? served.hidePaths(sentenceOf(error)) : failedAnswer(error);
    return { content: [{ type: 'text' as const, text }], isError: true };
  }
}

function sentenceOf({ message, remedy }: UsageError): string {
  return remedy === undefined ? message : `${message}. ${remedy}`;
}
