import type { Command } from 'commander';
import type { DeadLetter, WebhookView } from '../../../node/core/messages/webhook.ts';
import { malformed } from '../../../node/core/errors.ts';
import { INBOX_KINDS } from '../../../node/core/event-part.ts';
import { beijingTime } from '../../beijing-time.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import { wholeNumber } from '../grant-flags.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;

export function addWebhook(program: Command, terminal: Terminal): void {
  const webhook = program
    .command('webhook')
    .summary('have events posted to an address of yours, as a bank 事件推送')
    .description(
      'Over any gateway, sealed to your own node, which posts. A secret is shown once: keep it where events are received.\n' +
        '由本行节点推送事件;密钥仅显示一次。',
    );
  addAdd(webhook, terminal);
  addList(webhook, terminal);
  addRotate(webhook, terminal);
  addReplay(webhook, terminal);
  addRemove(webhook, terminal);
}

function addAdd(webhook: Command, terminal: Terminal): void {
  const command = webhook
    .command('add')
    .summary('post events to an address 新增推送地址')
    .argument('<url>', 'https, or what the settings of your node allow')
    .option('--kinds <kinds>', `of ${INBOX_KINDS.join(', ')}, divided by commas; default: all`);
  addMemberFlags(command).action(async (url: string, flags: ConnectionFlags & { kinds?: string }) => {
    const kinds = flags.kinds?.split(',').map((text) => {
      const kind = INBOX_KINDS.find((one) => one === text);
      return kind ?? malformed('--kinds', INBOX_KINDS.join(', '), text);
    });
    const { sealed } = await openSealedClient(flags, terminal);
    const created = await sealed.createWebhook({ url, ...(kinds && { kinds }) }, terminal.signal);
    terminal.out(JSON.stringify({ ...viewed(created), secret: created.secret }));
  });
}

function addList(webhook: Command, terminal: Terminal): void {
  const command = webhook
    .command('list')
    .summary('webhooks and how each stands, with what was given up 推送状态与失败事件');
  addMemberFlags(command).action(async (flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    for (const view of await sealed.webhooks(terminal.signal)) {
      terminal.say(`${view.webhook}  ${view.state}  ${view.pending} waiting  ${view.url}`);
      terminal.out(JSON.stringify(viewed(view)));
      for (let after: number | undefined = 0; after !== undefined;) {
        const request = { webhook: view.webhook, after, limit: PAGE };
        const { deadLetters, next }: { deadLetters: DeadLetter[]; next?: number } = await sealed.deadLetters(
          request,
          terminal.signal,
        );
        for (const { event: _, time, ...letter } of deadLetters)
          terminal.out(JSON.stringify({ webhook: view.webhook, dead: { ...letter, time: beijingTime(time) } }));
        after = next;
      }
    }
  });
}

function addRotate(webhook: Command, terminal: Terminal): void {
  const command = webhook
    .command('rotate')
    .summary('give a webhook other keys; those of before sign too for a while 轮换密钥')
    .argument('<webhook>', 'its id')
    .option('--overlap <seconds>', 'how long those of before sign too; 0: not at all; default: a day');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags & { overlap?: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { overlap } = flags;
    const overlapSeconds = overlap === undefined ? undefined : wholeNumber('--overlap', overlap);
    const request = { webhook: id, ...(overlapSeconds !== undefined && { overlapSeconds }) };
    const rotated = await sealed.rotateWebhook(request, terminal.signal);
    terminal.out(JSON.stringify({ ...viewed(rotated), secret: rotated.secret }));
  });
}

function addReplay(webhook: Command, terminal: Terminal): void {
  const command = webhook
    .command('replay')
    .summary('post again what was given up, or what is behind a cursor 重新推送')
    .argument('<webhook>', 'its id')
    .option('--after <cursor>', 'everything behind it; default: what was given up');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags & { after?: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const after = flags.after === undefined ? {} : { after: wholeNumber('--after', flags.after) };
    terminal.out(JSON.stringify(await sealed.replayWebhook({ webhook: id, ...after }, terminal.signal)));
  });
}

function addRemove(webhook: Command, terminal: Terminal): void {
  const command = webhook
    .command('remove')
    .summary('delete a webhook, with what waits for it 删除')
    .argument('<webhook>', 'its id');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    await sealed.removeWebhook(id, terminal.signal);
    terminal.say(`removed ${id}`);
  });
}

function viewed({ webhook, url, kinds, state, reason, publicKey, pending, created, rotated }: WebhookView): object {
  return {
    webhook,
    url,
    kinds,
    state,
    ...(reason && { reason }),
    publicKey,
    pending,
    created: beijingTime(created),
    ...(rotated !== undefined && { rotated: beijingTime(rotated) }),
  };
}
