import { expect } from 'chai';
import { fromBase64, type Hex } from '../../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint, parseCheckpoint, parseOrigin } from '../../../node/core/checkpoint.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { parseLogId } from '../../../node/core/ids.ts';

const malformed = (act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', 'MALFORMED');
};

// The example of the C2SP specification.
const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const checkpoint = {
  origin: 'example.com/behind-the-sofa',
  size: 20852163,
  root: fromBase64('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='),
  extensions: [] as string[],
};

describe('Checkpoint', () => {
  it('is written and read as in the specification', () => {
    expect(encodeCheckpoint(checkpoint)).to.equal(text);
    expect(parseCheckpoint(text)).to.deep.equal(checkpoint);
  });

  it('carries extension lines, and a size of zero', () => {
    const extended = { ...checkpoint, size: 0, extensions: ['one', 'two and three'] };
    expect(parseCheckpoint(encodeCheckpoint(extended))).to.deep.equal(extended);
  });

  it('carries the largest size', () => {
    const largest = { ...checkpoint, size: Number.MAX_SAFE_INTEGER };
    expect(parseCheckpoint(encodeCheckpoint(largest))).to.deep.equal(largest);
  });

  const wrong: [string, string][] = [
    ['nothing', ''],
    ['two lines', 'a\n1\n'],
    ['no final newline', text.slice(0, -1)],
    ['an empty line', `${text}\n`],
    ['an empty origin', text.replace('example.com/behind-the-sofa', '')],
    ['a leading zero', text.replace('20852163', '020852163')],
    ['a sign', text.replace('20852163', '+20852163')],
    ['a fraction', text.replace('20852163', '2085.2163')],
    ['an exponent', text.replace('20852163', '2e5')],
    ['a size that is not exact', text.replace('20852163', '9007199254740993')],
    ['a negative size', text.replace('20852163', '-1')],
    ['a short root', text.replace('CsUYapGG', '')],
    ['a root without padding', text.replace('I=\n', 'I\n')],
    ['a root with stray bits', text.replace('I=\n', 'J=\n')],
    ['a root in base64url', text.replace('om/X', 'om_X')],
    ['a space before the size', text.replace('20852163', ' 20852163')],
  ];
  for (const [what, text] of wrong) {
    it(`with ${what} is refused`, () => malformed(() => parseCheckpoint(text)));
  }

  it('is not made of parts that do not fit', () => {
    malformed(() => encodeCheckpoint({ ...checkpoint, origin: '' }));
    malformed(() => encodeCheckpoint({ ...checkpoint, origin: 'a\nb' }));
    malformed(() => encodeCheckpoint({ ...checkpoint, size: -1 }));
    malformed(() => encodeCheckpoint({ ...checkpoint, size: 0.5 }));
    malformed(() => encodeCheckpoint({ ...checkpoint, size: 2 ** 53 }));
    malformed(() => encodeCheckpoint({ ...checkpoint, root: new Uint8Array(31) }));
    malformed(() => encodeCheckpoint({ ...checkpoint, extensions: [''] }));
  });
});

describe('Origin line', () => {
  const logAnchor: Hex = `0x${'ab'.repeat(20)}`;
  const log = parseLogId(`0x${'cd'.repeat(32)}`);
  const origin = `xinlian/v1/31337/${logAnchor}/${log}`;

  it('names chain, contract and log', () => {
    expect(checkpointOrigin({ chainId: 31337, logAnchor, log })).to.equal(origin);
    expect(parseOrigin(origin)).to.deep.equal({ chainId: 31337, logAnchor, log });
  });

  it('has the contract in lower case, however it came', () => {
    const mixed: Hex = `0x${'aB'.repeat(20)}`;
    expect(checkpointOrigin({ chainId: 31337, logAnchor: mixed, log })).to.equal(origin);
  });

  const wrong = [
    '',
    origin.replace('v1', 'v2'),
    origin.replace('31337', '031337'),
    origin.replace('31337', '0'),
    origin.replace('31337', '9007199254740993'),
    origin.replace('31337', '0x7a69'),
    origin.replace('ab', 'AB'),
    origin.replace('cd', 'CD'),
    origin.slice(0, -2),
    `${origin}/`,
    ` ${origin}`,
    `${origin}\n`,
  ];
  for (const text of wrong) it(`is not ${JSON.stringify(text)}`, () => malformed(() => parseOrigin(text)));

  it('is not made of parts that do not fit', () => {
    malformed(() => checkpointOrigin({ chainId: 0.5, logAnchor, log }));
    malformed(() => checkpointOrigin({ chainId: 1, logAnchor: '0xab', log }));
  });
});
