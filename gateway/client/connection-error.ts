/** The gateway was not reached, or was lost before its answer was whole. `cause`: what the runtime threw. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** Runs what talks to the network. @throws ConnectionError in place of the runtime's word for it */
export async function overNetwork<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    // The Fetch standard knows one word for every network error. Node tells more in its cause; a browser, nothing.
    if (cause instanceof TypeError) throw new ConnectionError('the gateway is not reached', { cause });
    throw cause;
  }
}
