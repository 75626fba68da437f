// The log of a Worker on this machine for people: only the messages of its lines.

/** Events that are not printed at a terminal: each isolate writes them once. */
const quiet: ReadonlySet<unknown> = new Set(["started"]);

/**
 * @param text one line that workerd has printed
 * @returns its message; the whole line where it is about one request, or none of ours; `undefined`
 *   where it is better left out
 */
export function readableLine(text: string): string | undefined {
  const line = parsed(text);
  if (line === undefined) return text;
  const { event, message } = line;
  if (quiet.has(event)) return undefined;
  return event === "request" || typeof message !== "string" ? text : message;
}

function parsed(text: string): { event?: unknown; message?: unknown } | undefined {
  if (!text.startsWith('{"ts":')) return undefined;
  try {
    return JSON.parse(text) as { event?: unknown; message?: unknown };
  } catch {
    return undefined;
  }
}
