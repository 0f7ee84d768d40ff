// Whether a point is one of P-256 (NIST SP 800-186, 3.2.1.3). OpenSSL and noble refuse others too, when they are used; this
// tells at the door, and costs a hundredth of making a point of it.
import { malformed } from './errors.ts';

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** @param point uncompressed, 65 bytes. Throws `MALFORMED` */
export function assertP256Point(what: string, point: Uint8Array): void {
  const x = numberOf(point.subarray(1, 33));
  const y = numberOf(point.subarray(33));
  const onCurve = point.length === 65 && point[0] === 4 && x < P && y < P && (y * y - (x * x - 3n) * x - B) % P === 0n;
  if (!onCurve) malformed(what, 'a point of P-256', `${point.length} bytes that are none`);
}

function numberOf(bytes: Uint8Array): bigint {
  let hex = '0x';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex === '0x' ? P : BigInt(hex);
}
