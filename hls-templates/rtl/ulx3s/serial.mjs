// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Frames to the board, and decisions from it, as bytes of its serial line (the protocol stands in vetoc_serial_in.sv):
//   node serial.mjs encode FRAMES PIXELS [FIRST] > BYTES   packets of FRAMES, 16-bit pixels, numbered from FIRST (0)
//   node serial.mjs write ADDRESS VALUE > BYTES            a register, see registers.h
//   node serial.mjs decode < BYTES                         decisions and registers, a line each
//   node serial.mjs check GOLDEN < BYTES                   the same, held against GOLDEN (golden/decisions.bin)
// With a board: stty -F /dev/ttyUSB0 3000000 raw -echo; node serial.mjs decode < /dev/ttyUSB0 &
//   node serial.mjs encode golden/frames.bin 16384 > /dev/ttyUSB0
import { readFileSync } from 'node:fs';

const END = 0xc0;
const ESCAPE = 0xdb;

/** A message of the line, with an end in front, too: what stood there before is over. */
function message(kind, bytes) {
  const out = [END];
  for (const byte of [kind.charCodeAt(0), ...bytes])
    if (byte === END) out.push(ESCAPE, 0xdc);
    else if (byte === ESCAPE) out.push(ESCAPE, 0xdd);
    else out.push(byte);
  return Buffer.from([...out, END]);
}

/** The messages in `bytes`, whole ones alone. */
function* messages(bytes) {
  let now = [];
  let escaped = false;
  for (const byte of bytes) {
    if (byte === END) {
      if (now.length > 0) yield Buffer.from(now);
      now = [];
    } else if (byte === ESCAPE) {
      escaped = true;
      continue;
    } else now.push(escaped ? (byte === 0xdc ? END : byte === 0xdd ? ESCAPE : byte) : byte);
    escaped = false;
  }
}

const fields = (word) => ({
  number: word.readBigUInt64LE(0),
  score: word.readInt32LE(8),
  keep: word[12] & 1,
  status: word[14],
});

function* decisions(bytes) {
  for (const one of messages(bytes)) {
    if (one[0] === 0x44 && one.length === 33) yield fields(one.subarray(1));
    else if (one[0] === 0x52 && one.length === 5) console.log(`register: ${one.readUInt32LE(1)}`);
    else console.log(`a message of ${one.length} bytes that is none of the firmware's`);
  }
}

const say = ({ number, score, keep, status }) =>
  console.log(`frame ${number}: ${keep ? 'keep' : 'veto'}, score ${score}, status ${status}`);

const [command, ...words] = process.argv.slice(2);
if (command === 'encode') {
  const frames = readFileSync(words[0]);
  const size = 2 * Number(words[1]);
  if (!(size > 0) || frames.length % size !== 0) throw new Error(`${words[0]} is no whole number of frames of ${words[1]} pixels`);
  for (let k = 0; k * size < frames.length; k++) {
    const header = Buffer.alloc(8);
    header.writeBigUInt64LE(BigInt(words[2] ?? 0) + BigInt(k));
    process.stdout.write(message('F', Buffer.concat([header, frames.subarray(k * size, (k + 1) * size)])));
  }
} else if (command === 'write') {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16LE(Number(words[0]));
  bytes.writeInt32LE(Number(words[1]) | 0, 2);
  process.stdout.write(message('W', bytes));
} else if (command === 'decode') {
  for (const one of decisions(readFileSync(0))) say(one);
} else if (command === 'check') {
  const golden = readFileSync(words[0]);
  let [done, wrong] = [0, 0];
  for (const one of decisions(readFileSync(0))) {
    const right =
      done * 8 < golden.length &&
      one.score === golden.readInt32LE(8 * done) &&
      one.keep === golden.readInt32LE(8 * done + 4) &&
      one.number === BigInt(done) &&
      one.status === 0;
    if (!right) say(one);
    wrong += right ? 0 : 1;
    done++;
  }
  const whole = wrong === 0 && done > 0 && done * 8 === golden.length;
  console.log(whole ? `PASS: ${done} decisions over the serial line` : `FAIL: ${wrong} of ${done} decisions, ${golden.length / 8} expected`);
  process.exitCode = whole ? 0 : 1;
} else throw new Error('encode, write, decode or check');
