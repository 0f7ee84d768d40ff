// Branches of inline assembly. It cannot call what Solidity has, and tells its outcomes by itself.
import { endOf, memberOf, membersOf, nodesOf, startOf, type Node } from './ast.ts';
import type { Instrumenter } from './instrument.ts';
import { tagOf } from './outcome.ts';

const BRANCHES = new Set(['YulIf', 'YulForLoop', 'YulSwitch']);

/** As `Branches.sol`, but that the scratch space is given back as it was: the assembly around may be using it. */
const FUNCTIONS =
  ' function __reached(outcome) { let kept := mload(0x00) ' +
  `mstore(0x00, or(0x${tagOf(0)}, outcome)) ` +
  'pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, 0x00, 0x20, 0x00, 0x00)) ' +
  'mstore(0x00, kept) } ' +
  'function __taken(condition, first) -> same { same := condition __reached(add(first, iszero(condition))) } ';

/** Those of the EVM that only read: a condition of them may be asked twice. */
const READING = new Set(
  (
    'add sub mul div sdiv mod smod exp not lt gt slt sgt eq iszero and or xor byte shl shr sar addmod mulmod signextend ' +
    'keccak256 mload sload tload calldataload calldatasize codesize returndatasize extcodesize extcodehash balance ' +
    'selfbalance address origin caller callvalue gasprice blockhash coinbase timestamp number prevrandao gaslimit chainid basefee'
  ).split(' '),
);

/** @param around the function that the assembly is in */
export function instrumentAssembly(instrumenter: Instrumenter, assembly: Node, around: Node | undefined): void {
  const block = memberOf(assembly, 'AST');
  if (!block) return;
  const branches = [...nodesOf(block)].filter(({ nodeType }) => BRANCHES.has(nodeType));
  const [first] = branches;
  if (!first) return;
  if (around?.['stateMutability'] === 'pure') {
    instrumenter.refuse(first, 'assembly in a pure function can call nothing; make it view');
  }
  instrumenter.edits.insert(startOf(block) + 1, FUNCTIONS);
  for (const branch of branches) {
    if (branch.nodeType === 'YulSwitch') switchOf(instrumenter, branch);
    else conditionOf(instrumenter, branch);
  }
}

function conditionOf(instrumenter: Instrumenter, branch: Node): void {
  const { edits } = instrumenter;
  const condition = memberOf(branch, 'condition');
  const before = memberOf(branch, 'pre');
  if (!condition || condition.nodeType === 'YulLiteral') return;
  const [start, end] = [startOf(condition), endOf(condition)];
  if (before) {
    if (!onlyReads(condition)) instrumenter.refuse(branch, 'the condition of a loop does more than read');
    const skipped = instrumenter.number();
    instrumenter.note(condition, 'skipped', skipped);
    // Where the loop begins it is asked once more. A variable for it might be one more than the stack can reach.
    edits.insert(endOf(before) - 1, ` if iszero(${edits.slice(start, end)}) { __reached(${skipped}) } `);
  }
  edits.wrap(start, end, '__taken(', `, ${instrumenter.noteCondition(condition)})`);
}

function switchOf(instrumenter: Instrumenter, node: Node): void {
  const cases = membersOf(node, 'cases');
  for (const chosen of cases) {
    const body = memberOf(chosen, 'body');
    if (!body) continue;
    const tag = instrumenter.number();
    instrumenter.note(chosen, 'chosen', tag);
    instrumenter.edits.insert(startOf(body) + 1, ` __reached(${tag}) `);
  }
  if (cases.some(({ value }) => value === 'default')) return;
  const tag = instrumenter.number();
  instrumenter.note(node, 'false', tag);
  instrumenter.edits.insert(endOf(node), ` default { __reached(${tag}) }`);
}

function onlyReads(expression: Node): boolean {
  return [...nodesOf(expression)].every(
    ({ nodeType, functionName }) =>
      nodeType !== 'YulFunctionCall' || READING.has((functionName as { name: string } | undefined)?.name ?? ''),
  );
}
