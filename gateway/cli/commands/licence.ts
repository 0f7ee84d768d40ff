import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { renderSVG, renderUnicodeCompact } from 'uqr';
import { malformed } from '../../../node/core/errors.ts';
import { WantedGrant } from '../../../node/core/grant-request.ts';
import type { LicenceState } from '../../../node/core/licence.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface BeginFlags extends ConnectionFlags {
  wanted?: string;
  withdraw?: string;
  qr?: string;
}

const wantedGrant = codec('wanted grant', WantedGrant);
/** It was refused, or has expired. */
const NOT_CONFIRMED = 2;

export function addLicence(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const licence = program
    .command('licence')
    .summary('have an enterprise confirm with its electronic licence 电子营业执照扫码授权')
    .description(
      'For a member that identifies enterprises. The enterprise scans what the QR code says and confirms the words; the ' +
        'grant is then certified at level B, signed by a key for it alone, and registered.\n企业扫码确认授权文字后,由本单位代为签署并登记。',
    );
  const begin = licence
    .command('begin')
    .summary('show the words to the enterprise 发起扫码')
    .option('--wanted <file>', 'JSON of the grant: as a bank asks for it')
    .option('--qr <file>', 'write the QR code as SVG, to print or to show 二维码图片')
    .option('--withdraw <session>', 'in place of it: withdraw the grant that this session made');
  addMemberFlags(begin).action(async ({ wanted, withdraw, qr: qrFile, ...flags }: BeginFlags) => {
    if ((wanted === undefined) === (withdraw === undefined))
      malformed('what to confirm', '--wanted or --withdraw', 'both, or neither');
    const { sealed } = await openSealedClient(flags, terminal);
    const request =
      wanted === undefined ? { withdraw: withdraw ?? '' } : { wanted: wantedGrant.decode(await readFile(wanted)) };
    const begun = await sealed.beginLicence(request, terminal.signal);
    if (qrFile !== undefined) await writeFile(qrFile, `${renderSVG(begun.qr)}\n`);
    tell(begun, terminal);
  });
  const state = licence
    .command('state')
    .summary('whether it was confirmed; the grant document 查询结果')
    .argument('<session>', 'as `licence begin` told')
    .option('--out <file>', 'where the grant document goes, for the bank');
  addMemberFlags(state).action(async (session: string, { out, ...flags }: ConnectionFlags & { out?: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const told = await sealed.licenceState(session, terminal.signal);
    if (out !== undefined && told.document !== undefined) await writeFile(out, `${told.document}\n`);
    tell(told, terminal);
    if (told.state === 'refused' || told.state === 'expired') exit(NOT_CONFIRMED);
  });
}

/** The document goes to a file, and not to the screen. */
function tell({ session, state, qr, text, grant }: LicenceState, terminal: Terminal): void {
  if (state === 'waiting') terminal.say(`${text}\n\n${renderUnicodeCompact(qr)}\nQR 二维码: ${qr}`);
  terminal.out(JSON.stringify({ session, state, qr, ...(grant !== undefined && { grant }) }));
}
