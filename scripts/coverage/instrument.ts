// A copy of a contract that tells what becomes of its branches. No line moves, so that a line of the copy is that of the
// contract.
import { childrenOf, endOf, isNode, memberOf, membersOf, nodesOf, parse, startOf, type Node } from './ast.ts';
import { Edits } from './edits.ts';
import { instrumentAssembly } from './instrument-assembly.ts';
import { applyClaims } from './never.ts';
import type { Outcome, OutcomeKind } from './outcome.ts';

/** Longest text by which a branch is named. */
const MOST_TEXT = 60;

export interface Instrumented {
  text: string;
  outcomes: Outcome[];
}

export interface Source {
  /** From the folder of all contracts. */
  path: string;
  content: string;
  ast: Node;
}

/** Files that are instrumented together: numbers are given, and modifiers known, over all of them. */
export function instrumentAll(contents: ReadonlyMap<string, string>): Map<string, Instrumented> {
  const sources = [...contents].map(([path, content]) => ({ path, content, ast: parse(path, content) }));
  const modifiers = new Set(
    sources.flatMap(({ ast }) =>
      [...nodesOf(ast)].filter(({ nodeType }) => nodeType === 'ModifierDefinition').map(({ name }) => String(name)),
    ),
  );
  let count = 0;
  const number = (): number => count++;
  return new Map(sources.map((source) => [source.path, new Instrumenter(source, { modifiers, number }).run()]));
}

export class Instrumenter {
  readonly #source: Source;
  readonly #modifiers: ReadonlySet<string>;
  readonly number: () => number;
  readonly edits: Edits;
  readonly #outcomes: Outcome[] = [];
  /** Operands of what was taken apart already. */
  readonly #seen = new Set<Node>();

  constructor(source: Source, { modifiers, number }: { modifiers: ReadonlySet<string>; number: () => number }) {
    this.#source = source;
    this.#modifiers = modifiers;
    this.number = number;
    this.edits = new Edits(source.content);
  }

  run(): Instrumented {
    const { path, content, ast } = this.#source;
    this.#visit(ast);
    applyClaims(path, content, this.#outcomes);
    if (this.#outcomes.length > 0) this.#import();
    return { text: this.edits.toString(), outcomes: this.#outcomes };
  }

  /** Notes an outcome of the branch `at`. */
  note(at: Node, kind: OutcomeKind, tag: number, unless?: number): void {
    const text = this.edits.slice(startOf(at), endOf(at)).replaceAll(/\s+/g, ' ');
    const branch = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
    const line = this.edits.slice(0, startOf(at)).split('\n').length;
    this.#outcomes.push({ path: this.#source.path, line, branch, kind, tag, ...(unless !== undefined && { unless }) });
  }

  /** Two outcomes of a condition. @returns the number of the first */
  noteCondition(at: Node): number {
    const [first, second] = [this.number(), this.number()];
    this.note(at, 'true', first);
    this.note(at, 'false', second);
    return first;
  }

  /** Throws for a branch that cannot be told of. */
  refuse(at: Node, reason: string): never {
    const line = this.edits.slice(0, startOf(at)).split('\n').length;
    throw new Error(`${this.#source.path}:${line}: a branch that cannot be measured: ${reason}`);
  }

  #visit(node: Node, around?: Node): void {
    const before = this.#outcomes.length;
    switch (node.nodeType) {
      case 'IfStatement':
      case 'Conditional':
      case 'DoWhileStatement':
        this.#condition(memberOf(node, 'condition'));
        break;
      case 'ForStatement':
      case 'WhileStatement':
        this.#loop(node);
        break;
      case 'BinaryOperation':
        if (isJunction(node) && !this.#seen.has(node)) this.#condition(node);
        break;
      case 'FunctionCall':
        if (memberOf(node, 'expression')?.['name'] === 'require') this.#condition(membersOf(node, 'arguments')[0]);
        break;
      case 'TryStatement':
        this.#clauses(node);
        break;
      case 'ContractDefinition':
        this.#modifiersOf(node);
        break;
      case 'InlineAssembly':
        instrumentAssembly(this, node, around);
        return;
    }
    const within = node.nodeType === 'FunctionDefinition' ? node : around;
    for (const child of childrenOf(node)) this.#visit(child, within);
    if (node['constant'] === true && this.#outcomes.length > before) this.refuse(node, 'a constant calls nothing');
  }

  /** Has every operand tell what it is: with them all, `&&`, `||` and `!` over them have been either as well. */
  #condition(node: Node | undefined): void {
    if (!node) return;
    if (isJunction(node)) {
      this.#seen.add(node);
      this.#condition(memberOf(node, 'leftExpression'));
      this.#condition(memberOf(node, 'rightExpression'));
    } else if (node.nodeType === 'UnaryOperation' && node['operator'] === '!') {
      this.#condition(memberOf(node, 'subExpression'));
    } else if (node.nodeType === 'TupleExpression') {
      this.#condition(membersOf(node, 'components')[0]);
    } else if (!isConstant(node)) {
      const first = this.noteCondition(node);
      this.edits.wrap(startOf(node), endOf(node), '__Branches.taken(', `, ${first})`);
    }
  }

  #loop(loop: Node): void {
    const condition = memberOf(loop, 'condition');
    if (!condition || isConstant(condition)) return;
    const skipped = this.number();
    const begun = `__begun${skipped}`;
    this.note(condition, 'skipped', skipped);
    this.edits.wrap(startOf(loop), this.#endOfStatement(loop), `{ bool ${begun}; `, ' }');
    const [start, end] = [startOf(condition), endOf(condition)];
    this.edits.wrap(start, end, `__Branches.loops(${begun}, `, `, ${skipped})`);
    this.#condition(condition);
    const body = memberOf(loop, 'body');
    if (body?.nodeType === 'Block') this.edits.insert(startOf(body) + 1, ` ${begun} = true;`);
    else if (body) this.edits.wrap(startOf(body), this.#endOfStatement(body), `{ ${begun} = true; `, ' }');
  }

  #clauses(node: Node): void {
    for (const [i, clause] of membersOf(node, 'clauses').entries()) {
      const block = memberOf(clause, 'block');
      if (!block) continue;
      const tag = this.number();
      this.note(i === 0 ? node : clause, i === 0 ? 'succeeded' : 'caught', tag);
      this.edits.insert(startOf(block) + 1, ` __Branches.reached(${tag});`);
    }
  }

  /** Modifiers of the project's own, at each function: a marker stands before each of them, and one behind the last. */
  #modifiersOf(contract: Node): void {
    const functions = membersOf(contract, 'nodes').filter(({ nodeType }) => nodeType === 'FunctionDefinition');
    const uses = functions.map((definition) =>
      membersOf(definition, 'modifiers').filter((use) => this.#modifiers.has(nameOf(use))),
    );
    if (uses.every((used) => used.length === 0)) return;
    const marker = `__reached${this.number()}`;
    const header = membersOf(contract, 'baseContracts').at(-1);
    const [nameStart = 0, nameLength = 0] = String(contract['nameLocation']).split(':').map(Number);
    const body = this.edits.behind('{', header ? endOf(header) : nameStart + nameLength);
    this.edits.insert(body, ` modifier ${marker}(uint256 outcome) { __Branches.reached(outcome); _; }`);
    for (const used of uses) {
      let before = this.number();
      for (const [i, use] of used.entries()) {
        const behind = this.number();
        this.note(use, 'passed', behind);
        this.note(use, 'refused', before, behind);
        if (i === 0) this.edits.insert(startOf(use), `${marker}(${before}) `);
        this.edits.insert(endOf(use), ` ${marker}(${behind})`);
        before = behind;
      }
    }
  }

  /** Behind its semicolon, where it has one. */
  #endOfStatement(node: Node): number {
    const last = ['body', 'falseBody', 'trueBody'].map((name) => memberOf(node, name)).find(isNode);
    if (last && node.nodeType !== 'DoWhileStatement') return this.#endOfStatement(last);
    const end = endOf(node);
    return ['}', ';'].includes(this.edits.slice(end - 1, end)) ? end : this.edits.behind(';', end);
  }

  #import(): void {
    const { path, ast } = this.#source;
    const pragma = membersOf(ast, 'nodes').findLast(({ nodeType }) => nodeType === 'PragmaDirective');
    const up = '../'.repeat(path.split('/').length - 1) || './';
    this.edits.insert(pragma ? endOf(pragma) : 0, ` import { __Branches } from "${up}__Branches.sol";`);
  }
}

/** Of a modifier at a function: the last part of its path. */
function nameOf(use: Node): string {
  return String(memberOf(use, 'modifierName')?.['name']).split('.').at(-1) ?? '';
}

function isJunction({ nodeType, operator }: Node): boolean {
  return nodeType === 'BinaryOperation' && (operator === '&&' || operator === '||');
}

function isConstant({ nodeType, kind }: Node): boolean {
  return nodeType === 'Literal' && kind === 'bool';
}
