/** `vetoc recipes`: what `vetoc run` can be asked for by name. */
import type { Command } from 'commander';
import { listRecipes } from '../../index.js';
import { recipesText } from '../../text/index.js';
import { answer, type Asked } from '../console.js';

export function define(command: Command): void {
  command
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc recipes')
    .action(async (options: Asked) => {
      const found = await listRecipes();
      answer(options, found, () => recipesText(found));
    });
}
