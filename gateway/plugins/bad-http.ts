// What is no HTTP, answered on the bare socket.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { XinlianError } from '../../node/core/errors.ts';
import { toProblem } from '../problems/problem.ts';

/** For Fastify's `clientErrorHandler`: headers that are too large, too slow, or none. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, text } = refusal(error.code);
  const requestId = randomUUID();
  const fault = new XinlianError('MALFORMED', { what: 'request', wanted: 'HTTP/1.1', got: text });
  const body = JSON.stringify({ ...toProblem(fault, { language: 'en', requestId }), status });
  socket.end(
    [
      `HTTP/1.1 ${status} ${text}`,
      'connection: close',
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
}

function refusal(code: string | undefined): { status: number; text: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, text: 'Request Header Fields Too Large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, text: 'Request Timeout' };
    default:
      return { status: 400, text: 'Bad Request' };
  }
}
