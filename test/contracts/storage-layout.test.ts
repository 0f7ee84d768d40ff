import { readFile } from 'node:fs/promises';
import { artifacts } from 'hardhat';
import { expect } from 'chai';

interface Layout {
  storage: { label: string; slot: string; offset: number; type: string }[];
  types: Record<string, { label: string; members?: Layout['storage'] }> | null;
}

interface Output {
  output: { contracts: Record<string, Record<string, { storageLayout: Layout }>> };
}

/** One line per variable: slot, offset in bytes, type, name. */
function table({ storage, types }: Layout, from = storage): string[] {
  return from.map(({ slot, offset, type, label }) => `${slot}+${offset} ${types?.[type]?.label} ${label}`);
}

async function layoutOf(name: string): Promise<Layout> {
  const { buildInfoId, inputSourceName } = await artifacts.readArtifact(name);
  const path = await artifacts.getBuildInfoOutputPath(buildInfoId!);
  const { output } = JSON.parse(await readFile(path!, 'utf8')) as Output;
  return output.contracts[inputSourceName!]![name]!.storageLayout;
}

function membersOf(layout: Layout, struct: string): string[] {
  const type = Object.values(layout.types ?? {}).find(({ label }) => label === `struct ${struct}`);
  return table(layout, type!.members);
}

// What a tool that reads slots (a state proof, a migration) relies on. A change here is a change of the protocol.
describe('storage layout', () => {
  it('of Membership', async () => {
    const layout = await layoutOf('Membership');
    expect(table(layout)).to.deep.equal([
      '0+0 uint16 _threshold',
      '0+2 uint64 _proposalCount',
      '1+0 MemberId[] _council',
      '2+0 mapping(MemberId => struct IMembership.Standing) _standing',
      '3+0 mapping(MemberId => mapping(enum IMembership.KeyKind => bytes)) _keys',
      '4+0 mapping(address => MemberId) _memberOf',
      '5+0 mapping(bytes32 => MemberId) _keyHolder',
      '6+0 mapping(MemberId => struct Checkpoints.Trace208) _history',
      '7+0 mapping(uint256 => struct Membership.Proposal) _proposals',
    ]);
    // isEntitled reads one slot.
    expect(membersOf(layout, 'IMembership.Standing')).to.deep.equal([
      '0+0 address transaction',
      '0+20 uint32 roles',
      '0+24 uint24 region',
      '0+27 enum IMembership.Status status',
    ]);
    expect(membersOf(layout, 'Membership.Proposal')).to.deep.equal([
      '0+0 uint64 expiresAt',
      '0+8 bool executed',
      '1+0 bytes encodedCall',
      '2+0 mapping(MemberId => bool) approvedBy',
    ]);
  });

  it('of LogAnchor', async () => {
    const layout = await layoutOf('LogAnchor');
    expect(table(layout)).to.deep.equal([
      '0+0 mapping(LogId => struct LogAnchor.Record) _records',
      '1+0 mapping(MemberId => mapping(bytes32 => LogId)) _open',
    ]);
    // anchor reads three slots, and writes two of them.
    expect(membersOf(layout, 'LogAnchor.Record')).to.deep.equal([
      '0+0 MemberId owner',
      '1+0 bytes32 root',
      '2+0 uint64 size',
      '2+8 uint64 ordinal',
      '2+16 bool closed',
      '3+0 bytes32 scope',
      '4+0 LogId successor',
    ]);
  });

  it('of GrantRegistry', async () => {
    const layout = await layoutOf('GrantRegistry');
    expect(table(layout)).to.deep.equal([
      // All that is stored of a grant for one query is in one slot, packed by hand.
      '0+0 mapping(GrantHash => struct GrantRegistry.Slot) _states',
      '1+0 mapping(bytes32 => struct GrantRegistry.Slot) _laterUses',
    ]);
    expect(membersOf(layout, 'GrantRegistry.Slot')).to.deep.equal(['0+0 uint256 word']);
  });

  it('of RecognitionRegistry', async () => {
    const layout = await layoutOf('RecognitionRegistry');
    expect(table(layout)).to.deep.equal([
      '0+0 mapping(bytes32 => mapping(AgreementId => struct IRecognitionRegistry.Agreement)) _agreements',
      '1+0 mapping(bytes32 => AgreementId) _last',
      '2+0 mapping(MemberId => mapping(address => struct IRecognitionRegistry.Officer)) _officers',
      // A slot a case, packed by `packCase`.
      '3+0 mapping(CaseId => uint256) _cases',
    ]);
    expect(membersOf(layout, 'IRecognitionRegistry.Agreement')).to.deep.equal([
      '0+0 uint32 proposedAt',
      '0+4 uint32 agreedAt',
      '0+8 uint32 endsAt',
      '0+12 uint16 edition',
      '0+14 uint32 validFrom',
      '0+18 uint32 validTo',
      '0+22 uint56 limits',
      '0+29 uint8 supplementRounds',
    ]);
    expect(membersOf(layout, 'IRecognitionRegistry.Officer')).to.deep.equal([
      '0+0 uint32 since',
      '0+4 uint32 until',
      '0+8 uint8 duties',
    ]);
  });
});
