// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// One program, built against either header set. It runs the cases of CASES (a generated file) and prints one hash
// line a case; two builds whose lines agree computed the same bits. With an argument N it also prints every
// result of case N, so that the first difference can be found.
#include <cstdlib>

#include "assignment_cases.h"
#include "operator_cases.h"

int main(int argc, char **argv) {
  if (argc > 1) dumped_case = std::atoi(argv[1]);
#include CASES
  return 0;
}
