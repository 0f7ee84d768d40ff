// What was decided of a query: by a grant, or by a share basis.
import type { ChainHead } from '../core/consortium.ts';
import type { GrantHash } from '../core/ids.ts';
import type { Query, Refusal } from '../core/query.ts';
import type { ReceiptBasis } from '../core/receipt.ts';
import type { ConsentLevel } from '../core/subject-certificate.ts';

/** What a query is under, as far as it could be read. */
export interface Ground {
  /** Absent under a basis, and where the grant could not be read. */
  grant?: GrantHash;
  basis?: ReceiptBasis;
  subject: { uscc: string };
  items: readonly { item: string; months: number }[];
  /** Of the consent. */
  level?: ConsentLevel;
  /** Edition of the rules that the grant was made under. */
  policy?: string;
}

export interface Decision {
  /** Absent: it is answered. */
  refusal?: Refusal;
  detail?: string;
  ground: Ground;
  /** The block that it was judged at. */
  head?: ChainHead;
}

/** Who is asked. */
export interface AskedMember {
  id: string;
  /** GB/T 2260 code. */
  region: string;
}

/** Decides on queries of one kind. */
export interface AccessJudge<M extends AskedMember> {
  decide(member: M, query: Query): Promise<Decision>;
}
