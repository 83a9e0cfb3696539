/**
 * A source file with all its mutants in it, each behind a switch: `mutantIsOn(7) ? (a - b) : (a + b)`. One load of
 * the file serves every mutant.
 */
import ts from 'typescript';
import { isRemovable, replacements } from './operators.js';

export interface Mutant {
  readonly id: number;
  readonly file: string;
  readonly line: number;
  /**
   * What `explained.json` calls it: file, names of the declarations around it, what stands there, what instead; the
   * second of this name ends in `(2)`.
   */
  readonly key: string;
}

export interface Instrumented {
  readonly code: string;
  readonly mutants: readonly Mutant[];
}

/** Names of the functions, variables and fields around `node`, from outside in: `rules.mask`. */
function around(node: ts.Node): string {
  const names: string[] = [];
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent)
    if (
      (ts.isFunctionDeclaration(at) ||
        ts.isMethodDeclaration(at) ||
        ts.isVariableDeclaration(at) ||
        ts.isPropertyAssignment(at)) &&
      at.name !== undefined &&
      ts.isIdentifier(at.name)
    )
      names.unshift(at.name.text);
  return names.join('.');
}

/** `original → replacement` on one line. A number is shown with what stands around it: alone it says nothing. */
function change(node: ts.Node, replacement: string): string {
  const shown = ts.isNumericLiteral(node) || ts.isBigIntLiteral(node) ? node.parent : node;
  const original = shown.getText();
  const at = node.getStart() - shown.getStart();
  const changed = original.slice(0, at) + replacement + original.slice(at + node.getText().length);
  return `${original} → ${changed}`.replace(/\s+/g, ' ');
}

/** `source` with its mutants, numbered from `first`. */
export function instrument(file: string, source: string, first: number): Instrumented {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true);
  const mutants: Mutant[] = [];
  const named = new Map<string, number>();

  function mutant(node: ts.Node, replacement: string): string {
    const id = first + mutants.length;
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const name = `${file} ${around(node)}: ${change(node, replacement)}`;
    const before = named.get(name) ?? 0;
    named.set(name, before + 1);
    mutants.push({ id, file, line, key: before === 0 ? name : `${name} (${before + 1})` });
    return `globalThis.mutantIsOn(${id})`;
  }

  /** The node's text with its children's mutants in it. */
  function children(node: ts.Node): string {
    let at = node.getStart();
    let text = '';
    ts.forEachChild(node, (child) => {
      text += source.slice(at, child.getStart()) + rendered(child);
      at = child.getEnd();
    });
    return text + source.slice(at, node.getEnd());
  }

  function rendered(node: ts.Node): string {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      return node.getText();
    if (isRemovable(node)) {
      const on = mutant(node, '{}');
      return `{ if (!${on}) ${children(node)} }`;
    }
    const switches = replacements(node).map((text) => `${mutant(node, text)} ? (${text}) : `);
    return switches.length === 0 ? children(node) : `(${switches.join('')}${children(node)})`;
  }

  return { code: tree.statements.map(rendered).join('\n'), mutants };
}
