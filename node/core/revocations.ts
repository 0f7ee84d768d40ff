// Subject certificates that their issuer took back: a signed list, of those that have not ended by themselves.
import { Type, type Static } from 'typebox';
import { ed25519Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';

const TYPE = 'xinlian-revocations+jwt';

export const RevocationList = Type.Object(
  {
    iss: Type.String({ pattern: '^0x[0-9a-f]{64}$' }),
    iat: Type.Integer({ minimum: 0, description: 'When the list was made, seconds since 1970' }),
    revoked: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }), { description: 'jti of certificates' }),
    passed: Type.Optional(
      Type.Array(
        Type.Object(
          {
            jti: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }),
            block: Type.Integer({ minimum: 0, description: 'Grants that it had registered by then stand' }),
          },
          { additionalProperties: false },
        ),
        { description: 'Of those in `revoked`: grants that were made before live on' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type RevocationList = Static<typeof RevocationList>;

const listCodec = codec('revocation list', RevocationList);

/** @param signer the issuer's checkpoint key */
export function signRevocations(list: RevocationList, signer: JwsSigner): Promise<string> {
  return signJws(TYPE, listCodec.check(list), signer);
}

/** Reads a list; proves nothing. Throws `MALFORMED`. */
export function parseRevocations(text: string): { list: RevocationList; jws: Jws } {
  const jws = parseJws(text, TYPE);
  return { list: listCodec.decode(jws.payload), jws };
}

/** Throws `SIGNATURE_INVALID`. */
export function verifyRevocations(jws: Jws, publicKey: Uint8Array, issuer: string): Promise<void> {
  return verifyJws(jws, ed25519Jwk(publicKey), issuer);
}
