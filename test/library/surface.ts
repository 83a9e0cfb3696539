/**
 * What others may import, as text: every exported name of every entry with its declaration, without bodies and comments.
 * `npm run surface` writes it; a test fails where it has changed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const SURFACE_FILE = join(ROOT, 'test/library/surface.txt');

interface Package {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

/** The entries by the name that others import them under, and their sources. */
export function entries(): readonly (readonly [name: string, source: string])[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;
  return Object.entries(exports).flatMap(([name, to]) =>
    typeof to === 'string'
      ? []
      : [
          [
            name.replace('.', 'vetoc'),
            to.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
          ] as const,
        ],
  );
}

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest, true);

const printer = ts.createPrinter({ removeComments: true });

/** A declaration as it is seen from outside. */
function outside(statement: ts.Statement, file: ts.SourceFile, name: string): string {
  if (ts.isFunctionDeclaration(statement)) {
    const text =
      statement.body === undefined
        ? statement.getText()
        : file.text.slice(statement.getStart(), statement.body.getStart());
    return text.replace('export ', '').trim();
  }
  if (ts.isVariableStatement(statement)) {
    const declared = statement.declarationList.declarations.find((d) => d.name.getText() === name)!;
    const { initializer } = declared;
    if (declared.type !== undefined) return `const ${name}: ${declared.type.getText()}`;
    // Of an arrow function its head, of a value its text: both are what others rely on.
    if (initializer !== undefined && ts.isArrowFunction(initializer))
      return `const ${name} = ${file.text.slice(initializer.getStart(), initializer.equalsGreaterThanToken.end)}`;
    return `const ${name} = ${initializer?.getText() ?? ''}`;
  }
  if (ts.isClassDeclaration(statement)) return `class ${name}`;
  return printer.printNode(ts.EmitHint.Unspecified, statement, file).replace('export ', '');
}

const declares = (statement: ts.Statement, name: string): boolean =>
  ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.some((d) => d.name.getText() === name)
    : (ts.isFunctionDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isClassDeclaration(statement)) &&
      statement.name?.text === name;

/** The declaration of `name` in the source `path`, through re-exports. */
function declarationOf(path: string, name: string): string {
  const file = parse(path);
  const own = file.statements.find((statement) => declares(statement, name));
  if (own !== undefined) return outside(own, file, name);
  for (const statement of file.statements)
    if (
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier !== undefined &&
      ts.isStringLiteral(statement.moduleSpecifier) &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause) &&
      statement.exportClause.elements.some((e) => e.name.text === name)
    )
      return declarationOf(
        normalize(join(dirname(path), statement.moduleSpecifier.text)).replace(/\.js$/, '.ts'),
        name,
      );
  throw new Error(`${path} does not declare ${name}`);
}

function exportedNames(path: string): readonly string[] {
  return parse(path).statements.flatMap((statement) => {
    if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause)
    )
      return statement.exportClause.elements.map((e) => e.name.text);
    if (
      ts.isVariableStatement(statement) &&
      statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) === true
    )
      return statement.declarationList.declarations.map((d) => d.name.getText());
    return [];
  });
}

/** The whole surface. */
export function surface(): string {
  return entries()
    .map(([entry, path]) => {
      const names = [...exportedNames(path)].sort();
      return `# ${entry}\n\n${names.map((name) => declarationOf(path, name).replace(/\s+/g, ' ')).join('\n')}\n`;
    })
    .join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(SURFACE_FILE, surface());
