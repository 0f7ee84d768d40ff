import { overNetwork } from './connection-error.ts';

/** The JSON values of a stream of server-sent events. Leaving the loop ends the stream. @throws ConnectionError */
export async function* readServerSent(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let held = '';
  try {
    for (;;) {
      const { done, value } = await overNetwork(() => reader.read());
      if (done) return;
      held += decoder.decode(value, { stream: true });
      const frames = held.split('\n\n');
      held = frames.pop() ?? '';
      for (const frame of frames) {
        const data = frame.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
        if (data.length > 0) yield JSON.parse(data.join('\n'));
      }
    }
  } finally {
    await reader.cancel();
  }
}
