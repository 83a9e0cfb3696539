/** What can go wrong at a node of the source: texts that stand for it, one a mutant. */
import ts from 'typescript';

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '&': ['|'],
  '|': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '||=': ['&&='],
};

const METHODS = new Map(
  Object.entries({
    'Math.min': 'Math.max',
    'Math.max': 'Math.min',
    'Math.floor': 'Math.ceil',
    'Math.ceil': 'Math.floor',
    every: 'some',
    some: 'every',
  }),
);

const isText = (node: ts.Node): boolean => ts.isStringLiteral(node) || ts.isTemplateLiteral(node);

/** Whether `node` decides which way its parent goes. */
function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  return (
    ((ts.isIfStatement(parent) || ts.isWhileStatement(parent)) && parent.expression === node) ||
    ((ts.isConditionalExpression(parent) || ts.isForStatement(parent)) && parent.condition === node)
  );
}

function swappedBinary(node: ts.BinaryExpression): readonly string[] {
  if (isText(node.left) || isText(node.right)) return [];
  const swaps = SWAPS[node.operatorToken.getText()] ?? [];
  return swaps.map((operator) => `${node.left.getText()} ${operator} ${node.right.getText()}`);
}

function swappedCall(node: ts.CallExpression): readonly string[] {
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return [];
  const rest = node.getText().slice(callee.getText().length);
  const whole = METHODS.get(callee.getText());
  if (whole !== undefined) return [`${whole}${rest}`];
  const method = METHODS.get(callee.name.text);
  return method === undefined ? [] : [`${callee.expression.getText()}.${method}${rest}`];
}

const isInvariant = (node: ts.Node): boolean =>
  ts.isCallExpression(node) &&
  node.expression.getText() === 'invariant' &&
  ts.isExpressionStatement(node.parent);

const isTarget = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node.parent) &&
  node.parent.left === node &&
  node.parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;

/** A method must stay beside its object. */
const isCallee = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && node.parent.expression === node;

function ofExpression(node: ts.Node): readonly string[] {
  if (ts.isBinaryExpression(node)) return swappedBinary(node);
  if (isInvariant(node)) return ['undefined'];
  if (ts.isCallExpression(node)) return swappedCall(node);
  if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === ts.SyntaxKind.MinusToken || node.operator === ts.SyntaxKind.ExclamationToken)
      return [node.operand.getText()];
  }
  if (ts.isPostfixUnaryExpression(node))
    return [`${node.operand.getText()}${node.operator === ts.SyntaxKind.PlusPlusToken ? '--' : '++'}`];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false'];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true'];
  if (ts.isNumericLiteral(node)) return [`${Number(node.getText()) + 1}`];
  if (ts.isBigIntLiteral(node)) return [`${BigInt(node.getText().slice(0, -1)) + 1n}n`];
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && !isTarget(node)) return ['[]'];
  if (ts.isObjectLiteralExpression(node) && node.properties.length > 0) return ['{}'];
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken !== undefined && !isCallee(node))
    return [`${node.expression.getText()}.${node.name.text}`];
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return ['() => undefined'];
  return [];
}

/** Replacements of an expression, as source text: each another text than the expression's, and none twice. */
export function replacements(node: ts.Node): readonly string[] {
  const found = new Set(ofExpression(node));
  if (isCondition(node)) {
    // A loop that never ends is found, but by waiting.
    if (!ts.isForStatement(node.parent)) found.add('true');
    found.add('false');
  }
  found.delete(node.getText());
  return [...found];
}

const isRemovableBlock = (node: ts.Node): node is ts.Block =>
  ts.isBlock(node) &&
  node.statements.length > 0 &&
  !ts.isTryStatement(node.parent) &&
  !ts.isCatchClause(node.parent);

/** A statement that is not all of a block which is left out as well, or what a case returns: the next one follows. */
const isRemovableStatement = (node: ts.Node): boolean =>
  (ts.isReturnStatement(node) && ts.isCaseClause(node.parent)) ||
  (ts.isExpressionStatement(node) &&
    !isInvariant(node.expression) &&
    !(isRemovableBlock(node.parent) && node.parent.statements.length === 1));

/** Whether leaving it out is a mutant. */
export const isRemovable = (node: ts.Node): boolean => isRemovableBlock(node) || isRemovableStatement(node);
