// A scripted receiver of purges, and an outbox store in memory, for the tests of the purger.
import { createPurger, type Purger, type PurgerSettings } from "../../src/purger/create-purger.ts";
import type { OutboxEntry, OutboxStore } from "../../src/purger/outbox.ts";
import { PurgeError } from "../../src/purger/purge-error.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

export const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const url = "https://www.example.com/_cache/purge";
export const acceptance = {
  position: "1760000000000-0",
  visibleWithinSeconds: 10,
  visibleBy: "2025-10-09T08:53:30.000Z",
};

export const accepted = (): Response => Response.json({ ...acceptance, targets: { tags: 1 } });
export const answered =
  (status: number, fields: Record<string, string> = {}) =>
  (): Response =>
    new Response("<p>No.</p>", { status, headers: fields });
export const said = (status: number, code: string) => (): Response =>
  Response.json(
    { error: { code, what: "Nothing was purged.", why: `Why ${code}.`, hint: `Fix ${code}.` } },
    { status },
  );
export const cut = (): Response => {
  throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
};

interface Try {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly init: RequestInit;
  readonly atMs: number;
}

/** A purger whose waits advance its clock. The last answer repeats. */
export function scripted(
  answers: readonly ((init: RequestInit) => Response | Promise<Response>)[],
  settings: Partial<PurgerSettings> = {},
) {
  const clock = new FakeClock();
  const tries: Try[] = [];
  const waitsMs: number[] = [];
  const purger = createPurger({
    url,
    secret,
    nowAtMs: clock.nowAtMs,
    fetch: async (to, init) => {
      const headers = new Headers(init.headers);
      tries.push({ url: to, headers, body: init.body as string, init, atMs: clock.atMs });
      const answer = answers[Math.min(tries.length, answers.length) - 1] ?? accepted;
      return answer(init);
    },
    ...settings,
    retry: {
      random: () => 1,
      sleep: async (ms) => {
        waitsMs.push(ms);
        clock.atMs += ms;
      },
      ...settings.retry,
    },
  });
  return { clock, tries, waitsMs, purger };
}

interface Row extends OutboxEntry {
  state: "waiting" | "delivered" | "refused";
  failedTries: number;
  nextTryAtMs: number;
  why: string;
}

/** Returns a store over `rows`. A test of a crash opens a new outbox over the same rows. */
export function memoryStore(rows: Row[] = []) {
  const change = (id: string, to: Partial<Row>): void => {
    Object.assign(rows.find((row) => row.id === id) ?? {}, to);
  };
  const store: OutboxStore = {
    add(message) {
      rows.push({ ...message, state: "waiting", failedTries: 0, nextTryAtMs: 0, why: "" });
    },
    due: (atMs, limit) =>
      rows
        .filter(({ state, nextTryAtMs }) => state === "waiting" && nextTryAtMs <= atMs)
        .slice(0, limit),
    delivered: (id) => change(id, { state: "delivered" }),
    failed(id, nextTryAtMs, why) {
      const failedTries = (rows.find((row) => row.id === id)?.failedTries ?? 0) + 1;
      change(id, { failedTries, nextTryAtMs, why });
    },
    refused: (id, why) => change(id, { state: "refused", why }),
  };
  return { rows, store };
}

/** Returns a purger whose tries last until the test accepts them or the outbox aborts them. */
export function heldPurger() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const send: Purger["send"] = ({ body }, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const { tags = [], release } = JSON.parse(body) as { tags?: string[]; release?: string };
      const tag = release ?? tags.join(" ");
      begun.push(tag);
      ends.set(tag, () => resolve({ kind: "accepted", ...acceptance }));
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
  return { purger: { send }, begun, accept: (tag: string) => ends.get(tag)?.() };
}

/** Returns the `PurgeError` with which a call fails. */
export async function failureOf(work: Promise<unknown>): Promise<PurgeError> {
  const cause: unknown = await work.catch((error: unknown) => error);
  if (cause instanceof PurgeError) return cause;
  throw new Error(`The call did not fail with a PurgeError: ${String(cause)}`);
}
