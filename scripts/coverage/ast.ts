// Solidity as its compiler parses it: https://docs.soliditylang.org/en/latest/using-the-compiler.html (the AST).
import solc from 'solc';

/** A node of the tree. Which members it has depends on `nodeType`. */
export interface Node {
  nodeType: string;
  /** First byte, length and source: `39:23:1` */
  src: string;
  [member: string]: unknown;
}

interface Output {
  errors?: { severity: string; formattedMessage: string }[];
  sources?: Record<string, { ast: Node }>;
}

/** Parses one file, which is all that this takes: nothing is resolved. Throws what the compiler says of it. */
export function parse(path: string, content: string): Node {
  const settings = { stopAfter: 'parsing', outputSelection: { '*': { '': ['ast'] } } };
  const input = { language: 'Solidity', sources: { [path]: { content } }, settings };
  const { errors = [], sources } = JSON.parse(solc.compile(JSON.stringify(input))) as Output;
  const ast = sources?.[path]?.ast;
  if (!ast) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return ast;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'nodeType' in value && 'src' in value;
}

/** What stands directly below a node, in the order of the source. */
export function childrenOf(node: Node): Node[] {
  const children = Object.values(node).flatMap((member) => (Array.isArray(member) ? member : [member]));
  return children.filter(isNode).sort((a, b) => startOf(a) - startOf(b));
}

/** Every node of a tree, the outer before the inner. */
export function* nodesOf(node: Node): Generator<Node, void, void> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

/** Offset of its first byte. */
export function startOf({ src }: Node): number {
  return Number(src.split(':', 1)[0]);
}

/** Offset behind its last byte; a statement's semicolon is not part of it. */
export function endOf(node: Node): number {
  return startOf(node) + Number(node.src.split(':')[1]);
}

export function memberOf(node: Node, name: string): Node | undefined {
  const member = node[name];
  return isNode(member) ? member : undefined;
}

export function membersOf(node: Node, name: string): Node[] {
  const members = node[name];
  return Array.isArray(members) ? members.filter(isNode) : [];
}
