import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';
import { startCli } from '../fixtures/run-cli.ts';

const program = fileURLToPath(new URL('../../dist/bin/reelflow.js', import.meta.url));
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let store: string;

beforeAll(async () => {
  place = await temporaryDirectory();
  store = join(place.path, 'items.arrow');
  const shape = { subclips: 1, streams: [{ name: 'visual', dimension: 2 }] };
  const writer = await ItemStoreWriter.create(store, shape, {});
  for (const [itemId, ...values] of [
    ['east', 1, 0],
    ['north-east', 1, 0.9],
    ['west', -1, 0],
  ] as const) {
    await writer.add({ itemId, vectors: { visual: Float32Array.from(values) } });
  }
  await writer.close();
});
afterAll(() => place.remove());

describe('reelflow serve', () => {
  it('answers until it is interrupted, then ends without an error', async () => {
    const running = startCli(['serve', store, '--port', '0', '--json']);
    let url: string | undefined;
    const { stdout } = running;
    await running.until(() => {
      url = /"url":"([^"]+)"/.exec(stdout())?.[1];
      return url !== undefined;
    });
    const found = await (await fetch(`${url}/api/search?item=east`)).json();
    expect(found).toMatchObject({ found: [{ item: 'north-east' }, { item: 'west', similarity: -1 }] });
    expect((await fetch(`${url}/items`)).status).toBe(200);
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });
});

describe('the token of reelflow serve', () => {
  it('that was given is printed nowhere, and one that was drawn on stdout alone', async () => {
    const given = 'a-token-of-length';
    const told = async (...args: readonly string[]) => {
      const running = startCli(['serve', store, '--port', '0', '--json', '--log', 'json', ...args]);
      await running.until(() => running.stdout().includes('\n') && running.stderr().includes('"summary"'));
      running.kill('SIGINT');
      return running.ended;
    };
    const known = await told('--token', given);
    expect(Object.keys(JSON.parse(known.stdout))).toEqual(['url']);
    expect(known.stderr).not.toContain(given);
    const drawn = await told('--host', '0.0.0.0');
    const { token } = JSON.parse(drawn.stdout) as { token: string };
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(drawn.stderr).not.toContain(token);
  });
});

describe('reelflow mcp', () => {
  it('answers a client of the SDK over stdin and stdout, and ends with it', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [program, 'mcp', store] }));
    try {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['dataset', 'search']);
      const { content } = await client.callTool({ name: 'search', arguments: { item: 'east', k: 1 } });
      expect(JSON.parse((content as { text: string }[])[0]?.text ?? '')).toMatchObject({
        found: [{ item: 'north-east' }],
      });
    } finally {
      await client.close();
    }
  });
});
