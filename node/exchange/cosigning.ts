// Has others cosign the checkpoints of a log that is kept here (C2SP tlog-witness, the log's side). Off the hot path: a
// witness that is down keeps nothing waiting but its own line.
import { encodeAddCheckpoint, parseKnownSize, TLOG_SIZE } from '../core/add-checkpoint.ts';
import { readCosignature } from '../core/cosignature.ts';
import { XinlianError } from '../core/errors.ts';
import { consistencyProof } from '../core/merkle.ts';
import { parseNote, parseSignatureLines, signatureLine, type NoteVerifier } from '../core/note.ts';
import type { AgencyLog } from './agency-log.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, Log, LogStore, WriteBatch } from './ports.ts';

type Batch = WriteBatch & { readonly length: number };

/** Another witness of the same log moved on between two requests: then its size is told once more. */
const ATTEMPTS = 3;

/** A witness that did not cosign is asked again after this long, and after twice as long each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface KnownWitness {
  cosigner: NoteVerifier;
  /** Submission prefix: `add-checkpoint` is under it. */
  url: string;
}

/** How a witness answered last. `refused`: it will not cosign, and says why; `away`: it did not answer. */
export interface WitnessStanding {
  witness: string;
  state: 'cosigned' | 'refused' | 'away';
  /** Size of the checkpoint that it was asked for. */
  size: number;
  detail: string;
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

interface Dependencies<B extends Batch> {
  store: LogStore<B>;
  commits: GroupCommit<B>;
  witnesses: () => readonly KnownWitness[];
  /** Posts to an address. @throws UNREACHABLE, TIMEOUT, TOO_LARGE, CANCELLED */
  post: (url: string, body: string, signal: AbortSignal) => Promise<Answer>;
  clock: Clock;
  logger: Log;
}

interface Standing extends WitnessStanding {
  log: string;
  /** Until when it is not asked, milliseconds since 1970. */
  pausedUntil: number;
  pauseMs: number;
}

class Refused extends Error {}

export class Cosigning<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Sizes that witnesses cosigned last, by log and witness: a guess that a 409 puts right. */
  readonly #sizes = new Map<string, number>();
  readonly #standings = new Map<string, Standing>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** How each witness answered last, by log. */
  standings(): readonly (WitnessStanding & { log: string })[] {
    return [...this.#standings.values()];
  }

  /**
   * Asks every witness that has not cosigned the last signed checkpoint yet. Throws nothing for a witness's fault. MUST
   * NOT be called for a log while a call for it is under way.
   */
  async collect(log: AgencyLog<B>, signal: AbortSignal): Promise<void> {
    const { store, witnesses } = this.#needs;
    const { number, signed } = log.state;
    const note = signed && store.checkpoint(number, signed.size);
    if (!signed || note === undefined) return;
    const shown = { size: signed.size, note, lines: store.cosignatures(number, signed.size) ?? '' };
    const there = new Set(shown.lines === '' ? [] : parseSignatureLines(shown.lines).map(({ name }) => name));
    await Promise.all(
      witnesses()
        .filter(({ cosigner }) => !there.has(cosigner.name) && !this.#pauses(log.state.id, cosigner.name))
        .map((witness) => this.#ask(log, shown, witness, signal)),
    );
  }

  async #ask(
    log: AgencyLog<B>,
    shown: { size: number; note: string; lines: string },
    witness: KnownWitness,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, commits } = this.#needs;
    const { id, number } = log.state;
    const { name } = witness.cosigner;
    const { size, note } = shown;
    try {
      const line = await this.#cosignature(log, size, note, witness, signal);
      await commits.run((batch) => {
        shown.lines += line;
        store.putCosignatures(batch, number, size, shown.lines);
      });
      this.#note(id, { witness: name, state: 'cosigned', size, detail: '' });
    } catch (error) {
      if (signal.aborted) return;
      if (XinlianError.is(error, 'CLOSED')) throw error;
      const state = error instanceof Refused ? 'refused' : 'away';
      this.#note(id, { witness: name, state, size, detail: error instanceof Error ? error.message : String(error) });
    }
  }

  async #cosignature(
    log: AgencyLog<B>,
    size: number,
    note: string,
    { cosigner, url }: KnownWitness,
    signal: AbortSignal,
  ): Promise<string> {
    const place = `${log.state.id} ${cosigner.name}`;
    let oldSize = this.#sizes.get(place) ?? 0;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const proof = consistencyProof(oldSize, size, log.reader(size));
      const body = encodeAddCheckpoint({ oldSize, proof, note });
      const answer = await this.#needs.post(`${url}/add-checkpoint`, body, signal);
      if (answer.status === 200) {
        this.#sizes.set(place, size);
        return ownLine(parseNote(note).text, answer.body, cosigner);
      }
      if (answer.status !== 409 || !answer.type.startsWith(TLOG_SIZE)) {
        throw new Refused(`HTTP ${answer.status}: ${answer.body.slice(0, 200).trim()}`);
      }
      const known = parseKnownSize(answer.body);
      if (known === oldSize) throw new Refused(`it saw another root at size ${known}`);
      // Whatever this log signed, it never signed that: an old backup was restored, or its key is used elsewhere.
      if (known > size) throw new Refused(`it was shown ${known} entries, and only ${size} are signed here`);
      oldSize = known;
    }
    throw new Refused('its size changes with every request');
  }

  #pauses(log: string, witness: string): boolean {
    return this.#needs.clock.now() < (this.#standings.get(`${log} ${witness}`)?.pausedUntil ?? 0);
  }

  #note(log: string, standing: WitnessStanding): void {
    const { clock, logger } = this.#needs;
    const place = `${log} ${standing.witness}`;
    const before = this.#standings.get(place);
    const last = before?.pauseMs ?? 0;
    const pauseMs = standing.state === 'cosigned' ? 0 : Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * last));
    this.#standings.set(place, { log, ...standing, pauseMs, pausedUntil: clock.now() + pauseMs });
    if (before?.state === standing.state || standing.state === 'cosigned') return;
    const told = { log, ...standing };
    if (standing.state === 'refused') logger.error(told, 'a witness refuses to cosign this log');
    else logger.warn(told, 'a witness does not answer');
  }
}

/** The line of this cosigner; others in the answer are passed over. Throws `SIGNATURE_INVALID`, `MALFORMED`, `NOT_FOUND`. */
function ownLine(text: string, body: string, cosigner: NoteVerifier): string {
  const line = parseSignatureLines(body).find((one) => readCosignature(text, one, [cosigner]));
  if (!line) throw new XinlianError('NOT_FOUND', { what: 'cosignature in the answer', id: cosigner.name });
  return signatureLine(line);
}
