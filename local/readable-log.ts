// Extracts readable messages from the JSON log of a local Worker.

/** Events that are hidden, because each isolate logs them once. */
const quiet: ReadonlySet<unknown> = new Set(["started"]);

/** A log line for people. */
export interface ReadableLine {
  /** `undefined` if the line is not from Tidemark. */
  readonly level: string | undefined;
  readonly text: string;
}

/**
 * @param text one line that workerd has printed
 * @returns the message of the line. The whole line if it describes a request or is not from
 *   Tidemark. `undefined` to hide the line
 */
export function readableLog(text: string): ReadableLine | undefined {
  const line = parsed(text);
  if (line === undefined) return { level: undefined, text };
  const { event, level, message } = line;
  if (quiet.has(event)) return undefined;
  const isWhole = event === "request" || typeof message !== "string";
  return { level: String(level), text: isWhole ? text : message };
}

interface LoggedLine {
  readonly event?: unknown;
  readonly level?: unknown;
  readonly message?: unknown;
}

function parsed(text: string): LoggedLine | undefined {
  if (!text.startsWith('{"ts":')) return undefined;
  try {
    return JSON.parse(text) as LoggedLine;
  } catch {
    return undefined;
  }
}
