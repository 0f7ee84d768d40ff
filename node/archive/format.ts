// Archive volumes: what they hold, and the text in each that says so. docs/protocol.md, section 12.
import { Type, type Static } from 'typebox';
import type { Hex } from '../core/bytes.ts';
import type { LogId } from '../core/ids.ts';
import { codec } from '../core/messages/codec.ts';

const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$', description: '32 bytes, base64' });
const index = Type.Integer({ minimum: 0, maximum: 2 ** 40 });

export const MANIFEST = 'manifest.json';
export const SIGNATURE = 'manifest.note';
export const CHECKPOINT = 'checkpoint';
export const ANCHOR = 'anchor.json';
export const MEMBERS = 'members.json';
export const DESCRIPTION = 'FORMAT.txt';

/** Entries in a file. */
export const ENTRIES_PER_FILE = 1_024;

export const Manifest = Type.Object(
  {
    type: Type.Literal('xinlian/archive/v1'),
    origin: Type.String({ description: 'Origin line of the log’s checkpoints' }),
    member: Type.String({ description: 'Whose log it is, and who signs' }),
    number: Type.Integer({ minimum: 1 }),
    previous: Type.Union([hash, Type.Null()], { description: 'SHA-256 of the manifest of the volume before' }),
    made: Type.Integer({ minimum: 0, description: 'Seconds since 1970' }),
    from: { ...index, description: 'Position of the first entry' },
    to: { ...index, description: 'Position behind the last entry: size of the checkpoint' },
    frontier: Type.Array(hash, {
      description: 'Hashes of the complete subtrees over the entries before, largest first',
    }),
    files: Type.Array(Type.Object({ path: Type.String(), size: Type.Integer({ minimum: 0 }), sha256: hash }, closed), {
      description: 'Every other file but the signature, by path',
    }),
  },
  closed,
);
export type Manifest = Static<typeof Manifest>;

export const manifestCodec = codec('manifest', Manifest);

/** Members as they were when the volume was made: whose key was which, from which block to which. */
export const ArchivedMembers = Type.Array(
  Type.Object(
    {
      id: Type.String(),
      name: Type.String(),
      uscc: Type.String(),
      checkpoint: Type.Array(
        Type.Object(
          {
            key: Type.String({ description: 'Ed25519, base64url' }),
            since: Type.Integer(),
            until: Type.Optional(Type.Integer()),
          },
          closed,
        ),
      ),
    },
    closed,
  ),
);
export type ArchivedMembers = Static<typeof ArchivedMembers>;

export const membersCodec = codec('members', ArchivedMembers);

/** Name of the key that signs manifests: no log has it as its origin, and no witness as its name. */
export function archiveKeyName({ chainId, logAnchor, log }: { chainId: number; logAnchor: Hex; log: LogId }): string {
  return `xinlian/archive/v1/${chainId}/${logAnchor.toLowerCase()}/${log}`;
}

/** Text of the note that signs a manifest. @param digest SHA-256 of its bytes, base64 */
export function manifestText(name: string, number: number, digest: string): string {
  return `${name}\n${number}\n${digest}\n`;
}

export function volumeName(number: number): string {
  return `volume-${String(number).padStart(6, '0')}`;
}

export function entriesFile(first: number): string {
  return `entries/${String(first).padStart(12, '0')}`;
}

export const FORMAT_TEXT = `信链日志档案卷 An archive volume of a Xinlian log
================================================================

This folder is one volume of the archive of one append-only log of one agency. It can be verified with nothing but this
text, SHA-256 (FIPS 180-4) and Ed25519 (RFC 8032); for the proof of the block also Keccak-256 and RLP (Ethereum yellow paper).
本卷可独立核验，仅需本说明、SHA-256 与 Ed25519；核验上链证明另需 Keccak-256 与 RLP。

manifest.json   JSON (RFC 8259). Names every other file with its size and SHA-256 (base64), the log ("origin"), the number
                of the volume, the SHA-256 of the manifest of the volume before ("previous"; null in the first), the first
                position ("from") and that behind the last ("to").
manifest.note   C2SP signed note over three lines: key name, number of the volume, SHA-256 of manifest.json in base64. The
                signature is Ed25519 over these lines with their newlines; the 4 bytes before it are SHA-256(key name ||
                0x0A || 0x01 || public key)[0..4].
entries/N       Entries from position N on, up to ${ENTRIES_PER_FILE}: each behind its length in two bytes, big-endian. An entry is JSON
                (RFC 8785). It holds no name and no content: a record stands in it as a salted SHA-256 commitment.
checkpoint      C2SP tlog-checkpoint: origin, size, root hash (base64), an empty line, signatures. The first signature is the
                log's, of the kind above, with the origin as key name; further ones are witnesses' (C2SP tlog-cosignature:
                key type 0x04, 8 bytes of time, then Ed25519 over "cosignature/v1\\ntime T\\n" and the three lines).
anchor.json     The event by which a contract on an EVM chain took this checkpoint, as hex: RLP of the block header, RLP of the
                transaction receipt, its index, the index of the event in it, and the Merkle Patricia nodes from the header's
                receipts root to the receipt. Event: Anchored(bytes32 indexed log, uint64 size, bytes32 root).
members.json    Members when the volume was made: id, legal name, USCC (统一社会信用代码), and their Ed25519 checkpoint keys
                (base64url) with the blocks from which to which each was valid.
policy/         The policy packs in force: what codes of items and editions in the entries mean.

Root hash (RFC 6962): leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right). "frontier" in the manifest has the
hashes of the complete subtrees over entries 0 … from-1, largest first: go on from there with the entries of this volume, and
the root at "to" MUST be that of the checkpoint. The frontier of a volume MUST give the root of the volume before.
`;
