// Calls functions of the application, whose failures must not end a request or a Node process.

/**
 * Calls a function. Passes on its exception, or the rejection of the promise that it returns, although its type
 * promises neither.
 */
export function guarded(call: () => unknown, failed: (cause: unknown) => void): void {
  try {
    const returned = call();
    if (isThenable(returned)) Promise.resolve(returned).catch(failed);
  } catch (cause) {
    failed(cause);
  }
}

/** Returns whether `await` would wait for the value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
