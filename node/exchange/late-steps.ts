// Steps of cases that are late: each is told once, so that an operator hears of it and not only who asks.
import type { CaseFiles, CaseMember, LateStep } from './case-files.ts';
import type { Log, WriteBatch } from './ports.ts';

const LOOK_MS = 3_600_000;

interface Dependencies<B extends WriteBatch> {
  files: Pick<CaseFiles<B>, 'late'>;
  /** Hosted members whose logs are open. */
  members: () => readonly CaseMember<B>[];
  logger: Log;
}

export class LateSteps<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;
  /** Told already: case and the day that it was due. */
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#looking ??= this.look().finally(() => (this.#looking = undefined));
    }, LOOK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  /** Tells what is late and was not told yet. A failure is told too: the next hour looks again. */
  async look(): Promise<void> {
    const { files, members, logger } = this.#needs;
    for (const member of members()) {
      try {
        for (const step of await files.late(member)) this.#tell(member.id, step);
      } catch (error) {
        logger.error({ err: error, member: member.id }, 'looking for late steps failed');
      }
    }
  }

  #tell(member: string, step: LateStep): void {
    const name = `${step.case}/${step.due}`;
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#needs.logger.warn({ member, ...step }, 'a step is late');
  }
}
