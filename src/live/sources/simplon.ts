/** Frames from a DECTRIS detector's stream V2, or from Jungfraujoch: `dectris://host:31001`. */
import { MalformedMessage } from '../protocol/cbor.js';
import { DamagedBlock } from '../protocol/lz4.js';
import { readSimplon, type SimplonMessage } from '../protocol/simplon.js';
import type { LiveFrame, LiveMessage, LiveSource, SourceOptions } from '../source.js';
import { openPulled } from './zmq-pull.js';

/** `type` values that Jungfraujoch sends between, which say nothing of frames. */
const WITHOUT_FRAMES = new Set(['calibration', 'metadata', 'user_data']);

export function openSimplon(host: string, options: SourceOptions): Promise<LiveSource> {
  let channel = options.channel ?? null;
  let series = '';
  function understand(bytes: Uint8Array): LiveMessage {
    const base = { raw: bytes, received: performance.now() };
    const lost = (problem: string): LiveMessage => ({
      ...base,
      kind: 'frame',
      frame: { series, number: null, image: { problem } },
    });
    let message: SimplonMessage;
    try {
      message = readSimplon(bytes, options.channel);
    } catch (error) {
      if (error instanceof MalformedMessage || error instanceof DamagedBlock)
        return lost(`a message ${error.message}`);
      throw error;
    }
    switch (message.kind) {
      case 'start':
        series = message.facts.series;
        channel = message.channel;
        return { ...base, kind: 'start', facts: message.facts };
      case 'image':
        return { ...base, kind: 'frame', frame: frameOf(message, channel) };
      case 'end':
        return { ...base, kind: 'end', series: message.series };
      case 'other': {
        const known = WITHOUT_FRAMES.has(message.type);
        return { ...base, kind: 'other', problem: known ? null : `a message of type '${message.type}'` };
      }
    }
  }
  return openPulled(`dectris://${host}`, host, options, understand);
}

function frameOf(message: Extract<SimplonMessage, { kind: 'image' }>, channel: string | null): LiveFrame {
  const { series, number, images } = message;
  const image = channel === null ? images.values().next().value : images.get(channel);
  return {
    series,
    number,
    image: image ?? { problem: `no channel ${channel} (${[...images.keys()].join(', ')})` },
  };
}
