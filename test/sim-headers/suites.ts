/**
 * The cases that our formats, our stand-in headers and the vendor's headers must agree on, in a fixed order, as
 * C++ for `differential.cpp` and, where `src/fixed` has the operation, as hashes computed by it.
 */
import { edgeAssignments, randomAssignments, smallAssignments } from './assignments.js';
import type { Group } from './cases.js';
import { doubleConstructions, smallConstructions } from './constructions.js';
import {
  edgeComparisons,
  edgeOperators,
  fixedOperators,
  intOperators,
  smallAccumulations,
  smallShifts,
  unaryOperators,
} from './operators.js';

/** Everything, by the name under which `golden.json` keeps its hashes. */
export const SUITES: Readonly<Record<string, () => readonly Group[]>> = {
  smallAssignments,
  randomAssignments,
  edgeAssignments,
  smallConstructions,
  doubleConstructions,
  fixedOperators,
  smallAccumulations,
  edgeOperators,
  edgeComparisons,
  smallShifts,
  unaryOperators,
  intOperators,
};
