/** A live session as Prometheus reads it, and whether it lives and is ready: `/metrics`, `/livez`, `/readyz`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../core/errors.js';
import { REASONS, type Decision, type Reason } from './decision.js';
import type { SinkFigures } from './delivery.js';
import type { LiveSession } from './session.js';

export interface Metrics {
  /** Where it is served. */
  readonly address: string;
  decided(decision: Decision): void;
  close(): Promise<void>;
}

/** Seconds: a decision takes between a millisecond and what a person would notice. */
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

type Count = (session: LiveSession) => number;

/** What is read off the session when it is asked for. */
const READ_OFF: readonly { readonly name: string; readonly help: string; readonly value: Count }[] = [
  { name: 'series', help: 'Series that began', value: (s) => s.figures().series },
  { name: 'missing_frames', help: 'Frame numbers that never came', value: (s) => s.figures().missing },
  { name: 'repeated_frames', help: 'Frame numbers that came again', value: (s) => s.figures().repeated },
  { name: 'odd_messages', help: 'Messages that were not understood', value: (s) => s.figures().odd },
  {
    name: 'replaced_processes',
    help: 'Deciding processes that died',
    value: (s) => s.figures().replacedProcesses,
  },
  { name: 'waiting_frames', help: 'Deliveries that wait', value: (s) => s.waiting() },
  { name: 'waiting_bytes', help: 'Bytes that wait', value: (s) => s.waitingBytes() },
  { name: 'deciding_frames', help: 'Frames with a deciding process', value: (s) => s.crew.pending() },
];

/** The same of each sink. */
const OF_SINKS: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (sink: SinkFigures) => number;
}[] = [
  { name: 'written_frames', help: 'Frames that the sink took and made sure of', value: (s) => s.written },
  {
    name: 'waiting',
    help: 'Deliveries that the sink has not taken or made sure of',
    value: (s) => s.waiting,
  },
  { name: 'failing', help: '1 while the sink takes nothing', value: (s) => Number(s.failing) },
];

/** Serves the figures of `session` at `port` of this machine; port 0 takes a free one. Throws `UserError`. */
export async function serveMetrics(session: LiveSession, port: number): Promise<Metrics> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const frames = new Counter({
    name: 'vetoc_frames_total',
    help: 'Frames by what became of them',
    labelNames: ['reason', 'kept'] as const,
    registers,
  });
  const latency = new Histogram({
    name: 'vetoc_latency_seconds',
    help: 'From receipt to decision',
    buckets: LATENCY_BUCKETS,
    registers,
  });
  for (const reason of Object.keys(REASONS) as Reason[])
    frames.inc({ reason, kept: String(reason !== 'dropped') }, 0);
  for (const { name, help, value } of READ_OFF)
    new Gauge({
      name: `vetoc_${name}`,
      help,
      registers,
      collect() {
        this.set(value(session));
      },
    });
  for (const { name, help, value } of OF_SINKS)
    new Gauge({
      name: `vetoc_sink_${name}`,
      help,
      labelNames: ['sink'] as const,
      registers,
      collect() {
        for (const sink of session.sinks()) this.set({ sink: sink.name }, value(sink));
      },
    });
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    };
    if (path === '/livez') answer(200, 'alive\n');
    else if (path === '/readyz') {
      if (session.ready()) answer(200, 'ready\n');
      else answer(503, 'no series, or a sink takes nothing\n');
    } else if (path === '/metrics')
      registry.metrics().then(
        (text) => {
          answer(200, text, registry.contentType);
        },
        (error: unknown) => {
          answer(500, String(error));
        },
      );
    else answer(404, 'there are /metrics, /livez and /readyz\n');
  });
  const { port: given } = await listen(server, port);
  return {
    address: `http://127.0.0.1:${given}/metrics`,
    decided({ reason, keep, latencyMs }) {
      frames.inc({ reason, kept: String(keep) });
      latency.observe(latencyMs / 1e3);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new UserError(`cannot be served at port ${port} (${error.code})`, {
          field: '--metrics',
          remedy: 'name a free port',
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(server.address() as AddressInfo);
    });
  });
}
