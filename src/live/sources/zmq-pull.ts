/** Messages pulled over ZeroMQ, one at a time, with a limit to what waits. */
import { setImmediate as afterOthers } from 'node:timers/promises';
import { UserError } from '../../core/errors.js';
import type { LiveMessage, LiveSource } from '../source.js';

/** What a message may be assumed to take where the sender says nothing yet. */
const TYPICAL_MESSAGE_BYTES = 256 * 1024;
/** After so many messages in a row timers and signals get their turn: a full queue would starve them. */
const IN_A_ROW = 4;

export interface PullOptions {
  readonly bufferBytes: number;
  readonly idleMs: number;
  /** Waits at the address for the sender, instead of connecting to it. */
  readonly bind?: boolean;
}

/**
 * Messages pulled from `host` (`host:31001`), each of them as `understand` reads it: what was sent in several parts is one
 * message. `name` is the source's, in words. Throws `UserError`.
 */
export async function openPulled(
  name: string,
  host: string,
  options: PullOptions,
  understand: (bytes: Uint8Array) => LiveMessage,
): Promise<LiveSource> {
  const address = `tcp://${host}`;
  const { Pull } = await import('zeromq');
  const socket = new Pull({
    receiveHighWaterMark: Math.max(1, Math.floor(options.bufferBytes / TYPICAL_MESSAGE_BYTES)),
    receiveTimeout: options.idleMs,
    linger: 0,
  });
  try {
    if (options.bind === true) await socket.bind(address);
    else socket.connect(address);
  } catch (error) {
    socket.close();
    throw new UserError(`cannot be reached (${(error as Error).message})`, {
      field: '--from',
      file: address,
      remedy: 'write host and port, as dectris://host:31001',
    });
  }
  let row = 0;
  return {
    name,
    passable: true,
    async next() {
      row += 1;
      if (row % IN_A_ROW === 0) await afterOthers();
      if (socket.closed) return 'closed';
      try {
        const parts = await socket.receive();
        return understand(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
      } catch (error) {
        // A socket that is closed while it waits says EAGAIN as one that waited long enough.
        if (socket.closed) return 'closed';
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'idle';
        throw error;
      }
    },
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}
