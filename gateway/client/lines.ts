import { overNetwork } from './connection-error.ts';

/** Values of a stream of JSON lines. Leaving the loop ends the stream. @throws ConnectionError */
export async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let held = '';
  try {
    for (;;) {
      const { done, value } = await overNetwork(() => reader.read());
      held += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = held.split('\n');
      held = done ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line !== '') yield JSON.parse(line);
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}
