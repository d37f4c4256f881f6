// How optional values are passed: each optional property accepts `undefined`, so no object literal
// spreads a condition to leave a property out (`...(x === undefined ? {} : { x })`). Objects that
// must not have the property at all, such as the options of another package, go through `given`.
import ts from './api/node_modules/typescript/lib/typescript.js';

const { SyntaxKind } = ts;
/** Types that include `undefined` already. */
const OPEN = new Set([SyntaxKind.UndefinedKeyword, SyntaxKind.UnknownKeyword, SyntaxKind.AnyKeyword]);

/**
 * Where a source file spreads a condition, or has an optional property that refuses `undefined`.
 *
 * @param {string} file - its path
 * @param {string} text
 * @returns {string[]} one sentence for each fault
 */
export function optionFaults(file, text) {
  /** @type {string[]} */
  const faults = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  /** @param {ts.Node} node @param {string} what */
  const fault = (node, what) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    faults.push(`${file}:${line + 1}: ${what}`);
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isSpreadAssignment(node) && isConditional(node.expression)) {
      fault(node, 'a condition is spread into an object; let the property be undefined, or use `given`');
    }
    const isProperty = ts.isPropertySignature(node) || ts.isPropertyDeclaration(node);
    if (!file.startsWith('test/') && isProperty && node.questionToken && !isOpen(node.type)) {
      fault(node, `the optional property \`${node.name.getText(source)}\` must accept \`undefined\``);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

/**
 * Whether an expression is `condition && { ... }` or `condition ? { ... } : {}`.
 *
 * @param {ts.Expression} expression
 */
function isConditional(expression) {
  const inner = bare(expression);
  if (ts.isBinaryExpression(inner)) {
    return inner.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken;
  }
  return ts.isConditionalExpression(inner) && [inner.whenTrue, inner.whenFalse].some(isEmptyObject);
}

/** @param {ts.Expression} expression */
function isEmptyObject(expression) {
  const inner = bare(expression);
  return ts.isObjectLiteralExpression(inner) && inner.properties.length === 0;
}

/** @param {ts.Expression} expression @returns {ts.Expression} */
function bare(expression) {
  return ts.isParenthesizedExpression(expression) ? bare(expression.expression) : expression;
}

/** @param {ts.TypeNode | undefined} type @returns {boolean} */
function isOpen(type) {
  if (type === undefined || OPEN.has(type.kind)) return true;
  return ts.isUnionTypeNode(type) && type.types.some(isOpen);
}
