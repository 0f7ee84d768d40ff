// A hosted member as a witness of others' logs (C2SP tlog-witness): it cosigns what extends the last checkpoint that it
// cosigned, keeps that, and keeps as evidence what does not.
import { parseAddCheckpoint, TLOG_SIZE, type AddCheckpoint } from '../core/add-checkpoint.ts';
import { equalBytes, fromUtf8, toBase64 } from '../core/bytes.ts';
import { checkpointOrigin, parseCheckpoint, parseOrigin, type Checkpoint, type LogOrigin } from '../core/checkpoint.ts';
import { cosign, readCosignature } from '../core/cosignature.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import { EMPTY_ROOT, verifyConsistency } from '../core/merkle.ts';
import {
  keyId,
  parseNote,
  parseSignatureLines,
  signatureLine,
  verifyNote,
  type NoteSigner,
  type NoteVerifier,
} from '../core/note.ts';
import type { GroupCommit } from './group-commit.ts';
import type { ChainView, Clock, Log, WitnessConflict, WitnessedCheckpoint, WitnessStore, WriteBatch } from './ports.ts';

type Batch = WriteBatch & { readonly length: number };

/** Irrefutable evidence that is kept of one log: more of it proves nothing more. */
const MOST_SPLITS = 16;

/** For so long the same cosignature is given again. */
const GIVEN_SECONDS = 60;

/** An HTTP answer. */
export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422;
  type: string;
  body: string;
}

/** A hosted member, with the key that it cosigns by. */
export interface WitnessingMember {
  id: MemberId;
  cosigner: NoteSigner;
}

interface Dependencies<B extends Batch> {
  store: WitnessStore<B>;
  commits: GroupCommit<B>;
  view: Pick<ChainView, 'log' | 'currentKey'>;
  clock: Clock;
  logger: Log;
  /** Told of every refusal that is evidence. */
  conflicted?: (kind: WitnessConflict['kind']) => void;
}

/** A checkpoint whose signature holds. */
interface Shown extends Checkpoint {
  log: LogId;
  /** Its note with the signature of the log alone: what others added is not vouched for. */
  note: string;
  text: string;
}

export class Witness<B extends Batch> {
  readonly #origin: Omit<LogOrigin, 'log'>;
  readonly #needs: Dependencies<B>;
  /** The last request of each member and log: what is compared MUST NOT change before it is written. */
  readonly #turns = new Map<string, Promise<unknown>>();

  /** @param origin chain and contract whose logs are cosigned */
  constructor(origin: Omit<LogOrigin, 'log'>, dependencies: Dependencies<B>) {
    this.#origin = origin;
    this.#needs = dependencies;
  }

  /** Answers `add-checkpoint` in a member's name. Status codes are those of C2SP tlog-witness. */
  async add(member: WitnessingMember, body: Uint8Array): Promise<WitnessAnswer> {
    let request: AddCheckpoint;
    let shown: Shown | WitnessAnswer;
    try {
      request = parseAddCheckpoint(fromUtf8(body));
      shown = this.#read(request.note);
    } catch (error) {
      if (XinlianError.is(error)) return refusal(400, error.message);
      throw error;
    }
    if ('status' in shown) return shown;
    if (request.oldSize > shown.size) return refusal(400, 'the old size is larger than the checkpoint');
    return this.#inTurn(member, shown.log, () => this.#judge(member, shown, request));
  }

  /** The last checkpoint of a log that the member cosigned, with its cosignature. Throws `NOT_FOUND`. */
  witnessed(member: MemberId, log: LogId): string {
    const seen = this.#needs.store.witnessed(member, log);
    if (!seen) throw new XinlianError('NOT_FOUND', { what: `checkpoint of log ${log} that ${member} saw`, id: log });
    return seen.note + (seen.cosignature ?? '');
  }

  /** What the member was shown of a log against what it had cosigned. */
  conflicts(member: MemberId, log: LogId): Promise<WitnessConflict[]> {
    return this.#needs.store.conflicts(member, log);
  }

  /** @throws MALFORMED, TOO_LARGE */
  #read(note: string): Shown | WitnessAnswer {
    const { text, signatures } = parseNote(note);
    const checkpoint = parseCheckpoint(text);
    const log = this.#known(checkpoint.origin);
    if (!log) return refusal(404, 'no such log');
    const publicKey = this.#needs.view.currentKey(log.owner, 'checkpoint');
    const verifier = publicKey && { name: checkpoint.origin, publicKey };
    const own = verifier && signatures.filter((one) => one.name === verifier.name && one.keyId === keyId(verifier));
    if (!verifier || !own?.length) return refusal(403, 'no signature of the log');
    const signed = `${text}\n${own.map(signatureLine).join('')}`;
    try {
      verifyNote(signed, [verifier]);
    } catch (error) {
      if (XinlianError.is(error, 'SIGNATURE_INVALID')) return refusal(403, 'the signature of the log does not hold');
      throw error;
    }
    return { ...checkpoint, log: log.id, note: signed, text };
  }

  #known(text: string): { id: LogId; owner: MemberId } | undefined {
    let origin: LogOrigin;
    try {
      origin = parseOrigin(text);
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return undefined;
      throw error;
    }
    if (checkpointOrigin({ ...this.#origin, log: origin.log }) !== text) return undefined;
    return this.#needs.view.log(origin.log);
  }

  async #judge(member: WitnessingMember, shown: Shown, request: AddCheckpoint): Promise<WitnessAnswer> {
    const { store, commits } = this.#needs;
    const last = store.witnessed(member.id, shown.log);
    if (request.oldSize !== (last?.size ?? 0)) return known(last?.size ?? 0);
    if (last && shown.size === last.size && toBase64(shown.root) !== last.root) {
      await this.#keep(member.id, shown, { kind: 'split', cosigned: last.note, request });
      return known(last.size);
    }
    if (!extendsLast(last, shown, request.proof)) {
      if (last) await this.#keep(member.id, shown, { kind: 'inconsistent', cosigned: last.note, request });
      return refusal(422, 'the checkpoint is not shown to extend the last one');
    }
    const given = last && givenOf(last, shown, member.cosigner, this.#seconds());
    if (given !== undefined) return cosigned(given);
    const seen: WitnessedCheckpoint = { size: shown.size, root: toBase64(shown.root), note: shown.note };
    // On the disk before it is signed: a witness that forgot would sign another view.
    await commits.run((batch) => store.putWitnessed(batch, member.id, shown.log, seen));
    const cosignature = await cosign(shown.text, this.#seconds(), member.cosigner);
    await commits.run((batch) => store.putWitnessed(batch, member.id, shown.log, { ...seen, cosignature }));
    return cosigned(cosignature);
  }

  #seconds(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }

  async #keep(
    member: MemberId,
    { log, size, note }: Shown,
    { kind, cosigned, request }: { kind: WitnessConflict['kind']; cosigned: string; request: AddCheckpoint },
  ): Promise<void> {
    const { store, commits, clock, logger, conflicted } = this.#needs;
    conflicted?.(kind);
    logger.error({ log, member, size, kind }, 'a log showed a checkpoint that does not extend what it showed before');
    if (kind === 'split') {
      const kept = (await store.conflicts(member, log)).filter((conflict) => conflict.kind === 'split');
      if (kept.length >= MOST_SPLITS || kept.some(({ refused }) => refused === note)) return;
    }
    const proof = request.proof.map((hash) => toBase64(hash));
    const conflict = { kind, time: clock.now(), cosigned, refused: note, proof };
    await commits.run((batch) => store.putConflict(batch, member, log, size, conflict));
  }

  #inTurn<T>(member: WitnessingMember, log: LogId, work: () => Promise<T>): Promise<T> {
    const place = `${member.id}/${log}`;
    const turn = (this.#turns.get(place) ?? Promise.resolve()).then(work, work);
    const ended = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(place, ended);
    void ended.then(() => {
      if (this.#turns.get(place) === ended) this.#turns.delete(place);
    });
    return turn;
  }
}

/** The cosignature that was given for this very checkpoint a moment ago: anyone may ask, and a signature costs two writes. */
function givenOf(
  { note, cosignature }: WitnessedCheckpoint,
  { text }: Shown,
  cosigner: NoteVerifier,
  seconds: number,
): string | undefined {
  const [line] = cosignature === undefined ? [] : parseSignatureLines(cosignature);
  if (!line || parseNote(note).text !== text) return undefined;
  const given = readCosignature(text, line, [cosigner]);
  return given && seconds - given.time < GIVEN_SECONDS ? cosignature : undefined;
}

function extendsLast(
  last: WitnessedCheckpoint | undefined,
  { size, root }: Checkpoint,
  proof: readonly Uint8Array[],
): boolean {
  if (!last) return proof.length === 0 && (size > 0 || equalBytes(root, EMPTY_ROOT));
  const { note } = last;
  const older = parseCheckpoint(parseNote(note).text);
  try {
    verifyConsistency({ sizeA: older.size, rootA: older.root, sizeB: size, rootB: root, proof });
    return true;
  } catch (error) {
    if (XinlianError.is(error, 'PROOF_INVALID')) return false;
    throw error;
  }
}

function cosigned(line: string): WitnessAnswer {
  return { status: 200, type: 'text/plain; charset=utf-8', body: line };
}

function known(size: number): WitnessAnswer {
  return { status: 409, type: TLOG_SIZE, body: `${size}\n` };
}

function refusal(status: 400 | 403 | 404 | 422, reason: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${reason}\n` };
}
