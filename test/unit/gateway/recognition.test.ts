import { expect } from 'chai';
import type { MemberId } from '../../../node/core/ids.ts';
import { toHex } from '../../../node/core/bytes.ts';
import { recognitionUrl } from '../../../gateway/pages/recognition.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { BASE_URL, startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { Centre, DAY, PaperRecognition, signerOf } from '../../helpers/paper-recognition.ts';

const DAFENG = toHex(digest('dafeng')) as MemberId;
const SHANGHAI = toHex(digest('shanghai')) as MemberId;

describe('Recognition at a gateway', () => {
  let gateway: TestGateway;
  let chain: PaperRecognition;
  let dafeng: Centre;
  let shanghai: Centre;
  let agreement: string;
  let id: string;

  beforeEach(async () => {
    chain = new PaperRecognition();
    gateway = await startTestGateway({}, chain.view);
    [dafeng, shanghai] = await Centre.pair(chain, [DAFENG, SHANGHAI]);
    const until = chain.time + 900 * DAY;
    for (const [name, duties] of [
      ['handler', 1],
      ['decider', 2],
    ] as const)
      // prettier-ignore
      await shanghai.office.enrol(signerOf(name), duties, until);
    const terms = { validFrom: 0, validTo: until, noticeDays: 30, officialLeastDays: 1, officialMostDays: 60, applicantLeastDays: 1, applicantMostDays: 60, validityDays: 90, supplementRounds: 1, fourEyes: true }; // prettier-ignore
    agreement = await dafeng.office.propose(SHANGHAI, terms, { number: '1', text: '协议' });
    await shanghai.fetch();
    await shanghai.office.countersign(agreement);
    id = await dafeng.office.request(agreement, { report: { number: '3', text: '某某公司的报告' }, request: { number: '2', text: '申请' }, applicant: signerOf('applicant').address, due: chain.time + 10 * DAY }); // prettier-ignore
  });
  afterEach(() => gateway.app.close());

  const ask = (path: string) => {
    gateway.head = chain.head();
    return gateway.app.inject(path);
  };
  const get = async (path: string) => (await ask(path)).json();
  async function recognise(): Promise<void> {
    for (const action of ['complete', 'examine', 'recognise'] as const) {
      const decides = action === 'recognise' && { second: signerOf('handler') };
      const signer = signerOf(decides ? 'decider' : 'handler');
      await shanghai.office.act({ case: id, action, paper: { number: '4', text: '理由' }, due: chain.time + 20 * DAY, signer, ...decides }); // prettier-ignore
    }
  }

  it('tells agreements with their statistics', async () => {
    chain.time += 11 * DAY;
    const { items } = await get('/v1/recognition/agreements');
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ id: agreement, first: DAFENG, second: SHANGHAI, edition: 1, inForce: true });
    expect(items[0]).to.not.have.property('previous');
    expect(items[0].statistics).to.deep.include({ cases: 1, stale: 0, late: 0, overdue: 1 });
    await recognise();
    await dafeng.office.act({ case: id, action: 'mark-stale', paper: { number: '5', text: '已修复' } });
    const [{ statistics }] = (await get('/v1/recognition/agreements')).items;
    expect(statistics).to.deep.include({ cases: 1, stale: 1, late: 1, overdue: 0 });
    expect(statistics.states).to.include({ recognised: 1, requested: 0 });
  });

  it('tells a case as the chain has it, and nothing of whom it is about', async () => {
    await recognise();
    const facts = await get(`/v1/recognition/cases/${id}`);
    expect(facts).to.include({ state: 'recognised', recognised: true, stale: false, home: DAFENG, host: SHANGHAI });
    expect(facts.steps.map(({ action }: { action: string }) => action)).to.deep.equal(['request', 'complete', 'examine', 'recognise']); // prettier-ignore
    expect(JSON.stringify(facts)).to.not.include('某某公司');
    chain.time += 21 * DAY;
    expect(await get(`/v1/recognition/cases/${id}`)).to.include({ state: 'recognised', recognised: false });
    expect((await ask(`/v1/recognition/cases/${toHex(digest('none'))}`)).statusCode).to.equal(404);
  });

  it('shows a case on a page', async () => {
    await recognise();
    const page = async () => (await ask(recognitionUrl(BASE_URL, id).replace(BASE_URL, ''))).body;
    expect(await page())
      .to.include('互认有效 Recognised')
      .and.include('<svg');
    await dafeng.office.act({ case: id, action: 'mark-stale', paper: { number: '5', text: '已修复' } });
    expect(await page()).to.include('stale');
    await dafeng.office.act({ case: id, action: 'withdraw', role: 'applicant', signer: signerOf('applicant'), paper: { number: '6', text: '撤回' } }); // prettier-ignore
    expect(await page()).to.include('Not recognised: withdrawn');
  });
});
