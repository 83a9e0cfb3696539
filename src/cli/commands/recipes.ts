/** `vetoc recipes`: what `vetoc run` can be asked for by name. */
import type { Command } from 'commander';
import { listRecipes } from '../../index.js';
import { recipesText } from '../../text/index.js';
import { say, sayJson } from '../console.js';

export function define(command: Command): void {
  command
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc recipes')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const found = await listRecipes();
      if (json === true) sayJson(found);
      else say(recipesText(found));
    });
}
