// The baseline of checks: a Fastify route that reads JSON and answers JSON, and does nothing else.
import fastify from 'fastify';

const app = fastify();
app.post('/', (request) => ({ ok: true, got: Array.isArray((request.body as { checks?: unknown }).checks) }));
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.on('disconnect', () => process.exit(0));
process.send?.({ address });
