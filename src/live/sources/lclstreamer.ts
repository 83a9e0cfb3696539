/** Frames from lclstreamer, which connects to us: `lclstreamer://*:12321`. */
import { MalformedMessage } from '../protocol/cbor.js';
import { lclstreamerImage, readLclstreamer, type LclstreamerMessage } from '../protocol/lclstreamer.js';
import type { LiveMessage, LiveSource, SourceOptions } from '../source.js';
import { openPulled } from './zmq-pull.js';

/** Images that come before the start that states their shape are taken to be of `size`, the network's. */
export function openLclstreamer(
  host: string,
  options: SourceOptions,
  size: readonly [number, number],
): Promise<LiveSource> {
  let [height, width] = size;
  // The messages have no numbers that count: ours are the order of receipt.
  let number = 0;
  function understand(bytes: Uint8Array): LiveMessage {
    const base = { raw: bytes, received: performance.now() };
    let message: LclstreamerMessage;
    try {
      message = readLclstreamer(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      const image = { problem: `a message ${error.message}` };
      return { ...base, kind: 'frame', frame: { series: '', number: number++, image } };
    }
    switch (message.kind) {
      case 'start':
        ({ height, width } = message.facts);
        return { ...base, kind: 'start', facts: message.facts };
      case 'end':
        return { ...base, kind: 'end', series: message.series };
      case 'image': {
        const image = lclstreamerImage(message.type, message.bytes, height, width);
        return { ...base, kind: 'frame', frame: { series: message.series, number: number++, image } };
      }
    }
  }
  return openPulled(`lclstreamer://${host}`, host, { ...options, bind: true }, understand);
}
