// The readers of the demo site: their sessions, and the sections that they follow.
import { randomBytes } from "node:crypto";
import type { Section } from "./newsroom.ts";

export const sessionLifetimeSeconds = 7 * 24 * 3_600;

export interface Reader {
  readonly greetingName: string;
  readonly follows: Set<Section>;
}

export interface Readers {
  /** Returns the new session's id; `undefined` for a wrong name or password. */
  logIn(name: string, password: string): string | undefined;
  logOut(sessionId: string): void;
  /** Returns `undefined` for an unknown, expired or ended session. */
  bySession(sessionId: string): Reader | undefined;
}

/** Shown on the log-in page. */
const passwordOfAll = "reader";

export function createReaders(nowAtMs: () => number): Readers {
  const readers = new Map<string, Reader>([
    ["ada", { greetingName: "Ada", follows: new Set(["harbour", "science"]) }],
    ["bao", { greetingName: "Bảo", follows: new Set(["culture"]) }],
    ["chiara", { greetingName: "Chiara", follows: new Set() }],
  ]);
  const sessions = new Map<string, { reader: Reader; endsAtMs: number }>();
  return {
    logIn(name, password) {
      const reader = readers.get(name);
      if (reader === undefined || password !== passwordOfAll) return undefined;
      const sessionId = randomBytes(24).toString("base64url");
      sessions.set(sessionId, { reader, endsAtMs: nowAtMs() + sessionLifetimeSeconds * 1_000 });
      return sessionId;
    },
    logOut: (sessionId) => void sessions.delete(sessionId),
    bySession(sessionId) {
      const session = sessions.get(sessionId);
      return session !== undefined && session.endsAtMs > nowAtMs() ? session.reader : undefined;
    },
  };
}
