// A command that takes an id for what it is. Ids are base64url, and one in 64 begins with a hyphen, as an option does.
import { Command } from 'commander';

/** 16 or 32 bytes in base64url behind a hyphen of theirs. */
const HYPHEN_ID = /^-(?:[\w-]{21}|[\w-]{42})$/;
/** No argument of a process can contain it. */
const MARK = '\0';

export class IdCommand extends Command {
  override createCommand(name?: string): Command {
    return new IdCommand(name);
  }

  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    const marked = args.map((arg, at) => (HYPHEN_ID.test(arg) && this.#isOperand(args, at) ? MARK + arg : arg));
    const { operands, unknown } = super.parseOptions(marked);
    const plain = (arg: string): string => (arg.startsWith(MARK) ? arg.slice(1) : arg);
    return { operands: operands.map(plain), unknown: unknown.map(plain) };
  }

  /** Neither an option of this name nor the value of one. */
  #isOperand(args: readonly string[], at: number): boolean {
    const named = (name: string | undefined) => this.options.find((one) => name === one.long || name === one.short);
    return !named(args[at]) && (at === 0 || !named(args[at - 1])?.required);
  }
}
