// The whole scenario of the sandbox, in its order: on the sandbox's own chain, or on any other that a consortium runs on.
import { authoriseAndQuery, type Authorised } from './authorised.ts';
import type { Cluster } from './cluster.ts';
import { liveThrough, type RecordLife } from './life.ts';
import { recogniseBothWays, type Begun, type Recognised } from './recognition.ts';
import { publishAndProve, type Outcome } from './scenario.ts';
import { watchAfterLoan, type WatchedLoan } from './watched.ts';

type Counts<T extends { ok: boolean }> = Omit<T, 'ok'>;

/** What a run says of itself. */
export type Told = Pick<Outcome, 'published' | 'rejected' | 'final' | 'checkpoints'> &
  Counts<Authorised> &
  Counts<WatchedLoan> &
  Counts<RecordLife> & { recognition: Counts<Recognised> };

export interface Played {
  /** Whether everything went as it must. */
  ok: boolean;
  outcome: Outcome;
  told: Told;
}

export async function play(
  cluster: Pick<Cluster, 'gatewayUrl' | 'nodeUrl' | 'chainUrl' | 'consortium'>,
  { data, files, say }: { data: string; files: readonly string[]; say: (text: string) => void },
): Promise<Played> {
  const outcome = await publishAndProve(cluster, { data, files, say });
  const { ok: authorised, ...accesses } = await authoriseAndQuery(cluster, { data, say });
  const { ok: watched, events } = await watchAfterLoan(cluster, { data, say });
  let begun: Begun | undefined;
  const { ok: lived, ...lives } = await liveThrough(cluster, {
    data,
    say,
    published: async () => {
      begun = await recogniseBothWays(cluster, { data, say });
    },
  });
  if (!begun) throw new Error('nothing was published that a report could be made of');
  const { ok: recognises, ...recognition } = await begun.finish();
  const { published, rejected, final, checkpoints, proved } = outcome;
  return {
    ok: proved && final === published && authorised && watched && recognises && lived,
    outcome,
    told: { published, rejected, final, checkpoints, ...accesses, events, ...lives, recognition },
  };
}
