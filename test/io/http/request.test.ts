import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { InterruptedTransfer, requestFile } from '../../../src/io/http/request.ts';

const patience = { answer: 600_000, idle: 600_000 };
const redirects = { plain: true, remedy: 'Give another address.' };

it('a server that switches to another protocol instead of answering is an interrupted transfer', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/film.mp4`);
  try {
    const asked = requestFile(url, {}, { patience, redirects });
    await expect(asked).rejects.toBeInstanceOf(InterruptedTransfer);
    await expect(asked).rejects.toThrow('closed without an answer');
  } finally {
    server.close();
  }
});
