/** A Karabo bridge that answers every question with the same train. */
import { readFile } from 'node:fs/promises';
import { Reply } from 'zeromq';

/** Parts of a train as karabo-bridge's serializer made them. */
export async function karaboParts(): Promise<Buffer[]> {
  const bytes = await readFile(new URL('fixtures/karabo-online.bin', import.meta.url));
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32LE(at))
    parts.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at)));
  return parts;
}

/** Gives `host:port`. The server is closed with what else stands in `open`. */
export async function startKaraboServer(open: { close(): unknown }[]): Promise<string> {
  const parts = await karaboParts();
  const server = new Reply({ linger: 0 });
  open.push(server);
  await server.bind('tcp://127.0.0.1:*');
  void (async () => {
    for await (const [asked] of server) await server.send(String(asked) === 'next' ? parts : 'what?');
  })().catch(() => undefined);
  return server.lastEndpoint!.replace('tcp://', '');
}
