/** What is pushed over ZeroMQ: kept frames as they came (`stream://*:31002`), decisions as JSON (`zmq://*:31003`). */
import { UserError } from '../../core/errors.js';
import type { Delivery } from '../decision.js';
import { lineOf } from './json-lines.js';
import type { LiveSink } from './sink.js';

/** Messages that may wait for the receiver. */
const WAITING_MESSAGES = 64;
/** How long one offer to a receiver that takes nothing may last before the sink says so. */
const SEND_TIMEOUT_MS = 2000;
const LINGER_MS = 5000;

/** Pushes what `messageOf` makes of a delivery, null for nothing; waits at `host` for the receiver. Throws `UserError`. */
async function pushed(
  name: string,
  host: string,
  messageOf: (delivery: Delivery) => Uint8Array | string | null,
): Promise<LiveSink> {
  const { Push } = await import('zeromq');
  const socket = new Push({
    sendHighWaterMark: WAITING_MESSAGES,
    sendTimeout: SEND_TIMEOUT_MS,
    linger: LINGER_MS,
  });
  await socket.bind(`tcp://${host}`).catch((error: unknown) => {
    socket.close();
    throw new UserError(`cannot be served (${(error as Error).message})`, {
      file: name,
      field: '--to',
      remedy: `write an address of this machine and a free port, as ${name.split('://')[0]}://*:31002`,
    });
  });
  return {
    name,
    async deliver(delivery) {
      const message = messageOf(delivery);
      if (message !== null) await socket.send(message);
    },
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}

/** Kept frames, and what else came, as the messages that they came as, bytes unchanged. */
export const streamSink = (host: string): Promise<LiveSink> =>
  pushed(`stream://${host}`, host, (delivery) =>
    delivery.kind === 'frame' && !delivery.decision.keep ? null : delivery.message.raw,
  );

/** The decision of every frame, a message each: the object that a JSON line has. */
export const decisionsSink = (host: string, classNames: readonly string[]): Promise<LiveSink> =>
  pushed(`zmq://${host}`, host, (delivery) => lineOf(delivery, classNames)?.trimEnd() ?? null);
