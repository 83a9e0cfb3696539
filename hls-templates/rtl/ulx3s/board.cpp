// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The board's whole design in Verilator, from the bits of one serial line to those of the other: bytes of standard input go in,
// those that come out go to standard output. board BITS_CYCLES [IDLE_BYTES]: cycles a bit; it ends when nothing has come out for
// IDLE_BYTES bytes' time after the last went in.
#include <cstdio>
#include <cstdlib>

#include "Vulx3s.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

int main(int argc, char **argv) {
  const int cycles = argc > 1 ? std::atoi(argv[1]) : 25;
  const long patience = (argc > 2 ? std::atol(argv[2]) : 4000) * 10L * cycles;
  VerilatedContext context;
  Vulx3s board{&context};
  int sending = -1, sent_bits = 0, sent_left = 0;  // the byte that goes in, its bits so far, cycles of the bit
  int got = 0, got_bits = -1, got_left = 0;        // the byte that comes out
  int last = 1;
  long idle = 0, cycle = 0;
  bool more = true;
  board.ftdi_txd = 1;
  board.btn_pwr_n = 0;
  while (idle < patience) {
    board.clk_25mhz = 0;
    board.eval();
    board.clk_25mhz = 1;
    board.eval();
    if (++cycle == 64) board.btn_pwr_n = 1;
    if (cycle < 128) continue;
    // In.
    if (sent_left > 0) --sent_left;
    else if (sending >= 0) {
      if (++sent_bits < 10) board.ftdi_txd = sent_bits == 9 ? 1 : sending >> (sent_bits - 1) & 1;
      else sending = -1;
      sent_left = cycles - 1;
    }
    if (sending < 0 && more) {
      sending = std::getchar();
      more = sending != EOF;
      if (more) {
        board.ftdi_txd = 0;
        sent_bits = 0;
        sent_left = cycles - 1;
      }
    }
    // Out.
    const int line = board.ftdi_rxd;
    if (got_bits < 0) {
      if (last == 1 && line == 0) {
        got_bits = 0;
        got_left = cycles + cycles / 2 - 1;
      }
    } else if (--got_left == 0) {
      if (got_bits < 8) got |= line << got_bits;
      else {
        std::putchar(got);
        got = 0;
        idle = 0;
      }
      got_bits = got_bits < 8 ? got_bits + 1 : -1;
      got_left = cycles;
    }
    last = line;
    idle = more || sending >= 0 ? 0 : idle + 1;
  }
  board.final();
  return 0;
}
