/** `vetoc export`: what the back ends make of a run, for the board and the rate that are asked for; its weights. */
import type { Command } from 'commander';
import { addDialectExports } from '../export/dialects.js';
import { addProjectExports } from '../export/projects.js';
import { addExportWeights } from '../export/weights.js';

export function define(command: Command): void {
  addDialectExports(command);
  addExportWeights(command);
  addProjectExports(command);
}
