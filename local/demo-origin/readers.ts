// The paper's readers: who they are, whether they are logged in, which sections they follow.
import { randomBytes } from "node:crypto";
import type { Section } from "./newsroom.ts";

export const sessionLifetimeSeconds = 7 * 24 * 3_600;

export interface Reader {
  readonly greetingName: string;
  readonly follows: Set<Section>;
}

export interface Readers {
  /** @returns the new session's id, or `undefined` when name or password is wrong */
  logIn(name: string, password: string): string | undefined;
  logOut(sessionId: string): void;
  /** `undefined` when the session is unknown, expired, or was logged out. */
  bySession(sessionId: string): Reader | undefined;
}

/** The log-in page says it to everyone. */
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
