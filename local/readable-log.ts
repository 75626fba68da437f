// The log of a Worker on this machine, as people read it: the messages of its lines.

/** What nobody asked for at a terminal: each isolate says it once. */
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
