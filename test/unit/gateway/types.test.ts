// What the compiler must refuse: `tsc` fails where one of these lines would compile.
import { expect } from 'chai';
import { api } from '../../../gateway/api/api.ts';
import { createClient } from '../../../gateway/client.ts';
import type { Handler, Handlers } from '../../../gateway/routes/handler.ts';

describe('Types from the definitions', () => {
  it('want a handler for every definition, and answers of its schema', () => {
    const missing = (handlers: Omit<Handlers, 'verifyBundle'>): Handlers =>
      // @ts-expect-error a definition has no handler
      handlers;
    // @ts-expect-error `status` is a literal
    const wrong: Handler<(typeof api)['getLive']> = () => ({ status: 'fine' });
    // @ts-expect-error an endpoint that is open to everyone has no caller
    const open: Handler<(typeof api)['getLive']> = ({ caller }) => ({ status: caller.member });
    expect([missing, wrong, open]).to.have.length(3);
  });

  it('want the parts of a request, and know the answer', () => {
    const client = createClient({ baseUrl: 'https://gateway.example' });
    const calls = [
      // @ts-expect-error `params` is wanted
      () => client.getMember(),
      // @ts-expect-error there is no such parameter
      () => client.getMember({ params: { id: '' } }),
      // @ts-expect-error a number is wanted
      () => client.listMembers({ query: { limit: '5' } }),
      // @ts-expect-error a page has no `members`
      async () => (await client.listMembers()).members,
    ];
    expect(Object.keys(client)).to.have.members([...Object.keys(api), 'publish']);
    expect(calls).to.have.length(4);
  });
});
