// The log of a Worker on this machine for people: only the messages of its lines.

/** Events that are not printed at a terminal: each isolate writes them once. */
const quiet: ReadonlySet<unknown> = new Set(["started"]);

/** What a Worker has said, for people. */
export interface ReadableLine {
  /** `undefined` of what is none of ours. */
  readonly level: string | undefined;
  readonly text: string;
}

/**
 * @param text one line that workerd has printed
 * @returns its message; the whole line where it is about one request, or none of ours; `undefined`
 *   where it is better left out
 */
export function readableLine(text: string): string | undefined {
  return readableLog(text)?.text;
}

/** The same with its level. */
export function readableLog(text: string): ReadableLine | undefined {
  const line = parsed(text);
  if (line === undefined) return { level: undefined, text };
  const { event, level, message } = line;
  if (quiet.has(event)) return undefined;
  const isWhole = event === "request" || typeof message !== "string";
  return { level: String(level), text: isWhole ? text : message };
}

interface Logged {
  readonly event?: unknown;
  readonly level?: unknown;
  readonly message?: unknown;
}

function parsed(text: string): Logged | undefined {
  if (!text.startsWith('{"ts":')) return undefined;
  try {
    return JSON.parse(text) as Logged;
  } catch {
    return undefined;
  }
}
