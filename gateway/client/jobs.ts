// Batch jobs of a bank: signs them, sends their rows, waits, opens the result file line by line. Nothing of it needs the
// program to stay up: what `create` gives can be kept, and gone on with.
import { fromBase64Url, fromUtf8, toBase64Url } from '../../node/core/bytes.ts';
import { newAgreement } from '#agreement';
import { JOB_SECONDS, signJob, type JobManifest } from '../../node/core/job.ts';
import { openJwe } from '../../node/core/jwe.ts';
import { p256Jwk, type JwsAlgorithm } from '../../node/core/jwk.ts';
import type { JwsSigner } from '../../node/core/jws.ts';
import type { JobView } from '../api/jobs.ts';
import type { Client } from '../client.ts';
import type { Rows } from './rows.ts';

export interface JobsDependencies {
  client: Pick<Client, 'createJob' | 'sendJobRows' | 'getJob' | 'getJobResult' | 'cancelJob'>;
  /** The member's `client` key, or that of an application. */
  signer: JwsSigner;
  /** Where an application signs: the algorithm of its key, and its certificate. */
  application?: { alg: JwsAlgorithm; app: string };
  /** Milliseconds since 1970. */
  clock: { now(): number };
  wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** A job that was signed: JSON, so that it can be kept. */
export interface PreparedJob {
  job: string;
  manifest: string;
  /** Secret of the key that the result file is sealed to, base64url. */
  reply: string;
}

const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 5_000;

export class BatchJobs {
  readonly #member: string;
  readonly #needs: JobsDependencies;

  /** @param options.member the bank's member id */
  constructor(options: { member: string }, dependencies: JobsDependencies) {
    this.#member = options.member;
    this.#needs = dependencies;
  }

  /** Signs a job, and sends nothing. */
  async prepare(format: JobManifest['format'], kind: JobManifest['kind'] = 'checks'): Promise<PreparedJob> {
    const iat = Math.floor(this.#needs.clock.now() / 1000);
    const jti = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const reply = newAgreement();
    const manifest: JobManifest = {
      iss: this.#member,
      aud: this.#member,
      jti,
      iat,
      exp: iat + JOB_SECONDS,
      kind,
      format,
      reply: p256Jwk(reply.publicKey),
    };
    const signed = await signJob(manifest, this.#needs.signer, this.#needs.application);
    return { job: jti, manifest: signed, reply: toBase64Url(reply.secretKey) };
  }

  /** Opens a job and sends its rows; what was cut off is sent again in the same way. @throws ApiError, ConnectionError */
  async send({ job, manifest }: PreparedJob, rows: Rows, signal?: AbortSignal): Promise<JobView> {
    const more = signal ? { signal } : {};
    await this.#needs.client.createJob({ body: { job: manifest }, ...more });
    return this.#needs.client.sendJobRows({ params: { job }, body: rows, ...more });
  }

  /** Until it has ended. @param onLook told how far it is */
  async ended(
    { job }: PreparedJob,
    onLook: (view: JobView) => void = () => {},
    signal?: AbortSignal,
  ): Promise<JobView> {
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LONGEST_LOOK_MS, waitMs * 2)) {
      const view = await this.#needs.client.getJob({ params: { job }, ...(signal && { signal }) });
      onLook(view);
      if (view.ended !== undefined) return view;
      await this.#needs.wait(waitMs, signal);
    }
  }

  /** The result, opened: text in the job's format, in pieces of whole lines. @throws ApiError, ConnectionError; SIGNATURE_INVALID */
  async *result({ job, reply }: PreparedJob): AsyncGenerator<string, void, void> {
    const agreement = newAgreement(fromBase64Url(reply, 32));
    const file = await this.#needs.client.getJobResult({ params: { job } });
    for await (const line of textLines(file)) {
      const { plaintext } = await openJwe(line, agreement);
      yield fromUtf8(plaintext);
    }
  }

  cancel({ job }: Pick<PreparedJob, 'job'>): Promise<JobView> {
    return this.#needs.client.cancelJob({ params: { job } });
  }
}

async function* textLines(file: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const reader = file.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let held = '';
  try {
    for (;;) {
      const { done, value = '' } = await reader.read();
      const lines = (held + value).split('\n');
      held = lines.pop() ?? '';
      yield* lines;
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}
