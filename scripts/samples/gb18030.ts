// GB 18030-2022, from text. The platform reads it (TextDecoder) and does not write it: its own reading is turned round.
import { malformed } from '../../node/core/errors.ts';

/** First and last of each byte of the two-byte and the four-byte forms; digits are the 2nd and 4th of four. */
const LEAD = [0x81, 0xfe] as const;
const DIGIT = [0x30, 0x39] as const;
const TRAIL = [0x40, 0xfe] as const;
/** The four-byte forms up to this lead byte are those of the Basic Multilingual Plane. */
const LAST_PLANE_0_LEAD = 0x84;
/** 𐀀, where the linear mapping of the other planes starts: 0x90308130. */
const PLANE_1 = 0x10000;

let table: Map<string, Buffer> | undefined;

/** Throws `MALFORMED` for half a surrogate pair. */
export function encodeGb18030(text: string): Buffer {
  table ??= readTable();
  const known = table;
  return Buffer.concat([...text].map((character) => bytesOf(character, known)));
}

function bytesOf(character: string, known: ReadonlyMap<string, Buffer>): Buffer {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return Buffer.of(code);
  if (code >= PLANE_1) return fourBytes(0x90, code - PLANE_1);
  return known.get(character) ?? malformed('text', 'characters that GB 18030 has', `U+${code.toString(16)}`);
}

function fourBytes(lead: number, index: number): Buffer {
  const a = Math.floor(index / 12_600);
  const b = Math.floor(index / 1_260) % 10;
  const c = Math.floor(index / 10) % 126;
  return Buffer.of(lead + a, DIGIT[0] + b, LEAD[0] + c, DIGIT[0] + (index % 10));
}

function readTable(): Map<string, Buffer> {
  const decoder = new TextDecoder('gb18030', { fatal: true });
  const known = new Map<string, Buffer>();
  const learn = (bytes: Buffer): void => {
    const character = decodeOrNothing(decoder, bytes);
    if (character !== undefined && !known.has(character)) known.set(character, bytes);
  };
  for (let lead = LEAD[0]; lead <= LEAD[1]; lead++) {
    for (let trail = TRAIL[0]; trail <= TRAIL[1]; trail++) learn(Buffer.of(lead, trail));
  }
  const planeZero = (LAST_PLANE_0_LEAD - LEAD[0] + 1) * 12_600;
  for (let index = 0; index < planeZero; index++) learn(fourBytes(LEAD[0], index));
  return known;
}

/** Forms that stand for no character are left out. */
function decodeOrNothing(decoder: TextDecoder, bytes: Buffer): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return [...text].length === 1 ? text : undefined;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
