// What a witness of a log saw and refused: notes that the log's owner signed, judged by the hashes that the log is served with.
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { LogSubject } from './log-subject.ts';
import type { LogSource } from './ports.ts';
import type { Finding } from './rule.ts';
import { ServedNote, type ShownNote } from './served-note.ts';

const MOST_BYTES = 1_000_000;

export interface WitnessSource {
  member: MemberId;
  /** Has `checkpoint` and `conflicts` alone. */
  source: LogSource;
}

export interface WitnessSources {
  of(log: LogId, member: MemberId, endpoint: string): LogSource;
}

/** What a witness said of a log. */
export interface WitnessView {
  member: MemberId;
  /** Size of the checkpoint that it cosigned last; absent where it was never asked, or did not answer. */
  size?: number;
  /** Checkpoints of the owner that it refused. */
  refused: number;
  /** Why it could not be asked. */
  away?: string;
}

/**
 * Asks a witness, and judges what it shows. What the owner did not sign is passed over: a witness alone proves nothing.
 * @param main where the log itself is read, and how many entries it shows
 * @throws CANCELLED
 */
export async function askWitness(
  subject: LogSubject,
  main: { source: LogSource; size: number },
  { member, source }: WitnessSource,
  { found, signal }: { found: (findings: Finding[]) => void; signal: AbortSignal | undefined },
): Promise<{ view: WitnessView; shown: ShownNote[] }> {
  const shown: ShownNote[] = [];
  const judge = async (note: Uint8Array): Promise<ShownNote | undefined> => {
    const served = await ServedNote.fetch(subject, withNote(main.source, source.name, note), signal, main.size);
    if (!served?.shown) return undefined;
    found(await served.judgeSeen());
    shown.push(served.shown);
    return served.shown;
  };
  try {
    const note = await source.read('checkpoint', MOST_BYTES, signal);
    const seen = note && (await judge(note));
    let refused = 0;
    for (const conflict of conflictsIn(await source.read('conflicts', MOST_BYTES, signal))) {
      const [kept] = [await judge(utf8(conflict.refused)), await judge(utf8(conflict.cosigned))];
      if (kept) refused++;
    }
    return { view: { member, refused, ...(seen && { size: seen.checkpoint.size }) }, shown };
  } catch (error) {
    if (!XinlianError.is(error) || error.code === 'CANCELLED') throw error;
    return { view: { member, refused: 0, away: error.message }, shown };
  }
}

/** The files of the log, under another's checkpoint. */
function withNote(main: LogSource, name: string, note: Uint8Array): LogSource {
  return {
    name,
    read: async (path, most, signal) => (path === 'checkpoint' ? note : main.read(path, most, signal)),
  };
}

/** Throws `MALFORMED`. */
function conflictsIn(bytes: Uint8Array | undefined): { refused: string; cosigned: string }[] {
  if (!bytes) return [];
  const bad = (): never => {
    throw new XinlianError('MALFORMED', {
      what: 'conflicts',
      wanted: 'a list of notes',
      got: fromUtf8(bytes).slice(0, 80),
    });
  };
  let json: { conflicts?: { refused?: unknown; cosigned?: unknown }[] } | null;
  try {
    json = JSON.parse(fromUtf8(bytes)) as typeof json;
  } catch {
    return bad();
  }
  if (!Array.isArray(json?.conflicts)) return bad();
  return json.conflicts.map((conflict) => {
    const { refused, cosigned } = conflict ?? {};
    return typeof refused === 'string' && typeof cosigned === 'string' ? { refused, cosigned } : bad();
  });
}
