/** Kept frames as the messages that they came as, bytes unchanged, pushed over ZeroMQ: `stream://*:31002`. */
import { UserError } from '../../core/errors.js';
import type { LiveSink } from './sink.js';

/** Messages that may wait for the receiver. */
const WAITING_MESSAGES = 64;
/** How long one offer to a receiver that takes nothing may last before the sink says so. */
const SEND_TIMEOUT_MS = 2000;
const LINGER_MS = 5000;

/** Waits at `host` (`*:31002`, `127.0.0.1:31002`) for the receiver. Throws `UserError`. */
export async function streamSink(host: string): Promise<LiveSink> {
  const { Push } = await import('zeromq');
  const socket = new Push({
    sendHighWaterMark: WAITING_MESSAGES,
    sendTimeout: SEND_TIMEOUT_MS,
    linger: LINGER_MS,
  });
  await socket.bind(`tcp://${host}`).catch((error: unknown) => {
    socket.close();
    throw new UserError(`cannot be served (${(error as Error).message})`, {
      file: `stream://${host}`,
      field: '--to',
      remedy: 'write an address of this machine and a free port, as stream://*:31002',
    });
  });
  return {
    name: `stream://${host}`,
    async deliver(delivery) {
      const { raw } = delivery.message;
      if (raw === null || (delivery.kind === 'frame' && !delivery.decision.keep)) return;
      await socket.send(raw);
    },
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}
