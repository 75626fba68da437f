// Sends calls to a Durable Object, with timeouts, a circuit breaker and one retry.
import { PlatformLimit, StoreCalls } from "../../base/invocation.ts";
import { OutOfTime, within } from "../../base/timeouts.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { DatabaseClient } from "../../redis/database-client.ts";
import type { DatabaseClientSettings, RedisCause, Way } from "../../redis/database-way.ts";
import type { RedisPurpose } from "../../redis/purpose.ts";
import {
  hintOf,
  ofInvocation,
  type RedisTrouble,
  type TroubleWords,
  whyOf,
} from "../../redis/trouble.ts";
import { rowsField } from "./counted-sql.ts";
import type { AwaitNews, Unavailable } from "../../purge/journal/journal.ts";
import type { JournalCall, JournalCalls, WaitAsk } from "./journal-calls.ts";

/** The part of a Durable Object's stub that is used. */
export interface ObjectStub {
  fetch(url: string, init: { method: string; body: string | ArrayBuffer }): Promise<Response>;
}

/** Sends one call. Rejects for a reply that is not 200, and after the timeout. */
export type CallObject = <Call extends JournalCall>(
  call: Call,
  ask: JournalCalls[Call][0],
) => Promise<JournalCalls[Call][1]>;

export interface ObjectClientSettings extends DatabaseClientSettings {
  /** Returns a stub. A stub whose call has failed is not used again. */
  readonly stub: () => ObjectStub;
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

/** A reply with an error status. */
export class Refusal extends Error {
  override readonly name = "ObjectRefusal";
  readonly status: number;

  constructor(status: number) {
    super(`The object replied with ${status}.`);
    this.status = status;
  }
}

/** The troubles of the object, and their remedies. */
export const objectWords: TroubleWords = {
  unreachable: [
    "The journal's Durable Object cannot be reached",
    "check cloudflarestatus.com, and the object's errors in the Worker's logs",
  ],
  timeout: [
    "The journal's Durable Object does not answer in time",
    "check its load under Durable Objects in the dashboard",
  ],
  busy: [
    "The journal's Durable Object is overloaded",
    "send fewer purges at once, or give each site its own namespace",
  ],
  refused: [
    "The journal's Durable Object refused a call",
    "check the object's errors in the Worker's logs, and the size of its storage",
  ],
};

/** The time for the reply to a wait to arrive, besides the wait itself. */
const waitReplyMs = 5_000;

export class ObjectClient extends DatabaseClient<CallObject> {
  readonly #wait: AwaitNews;

  constructor({ stub, metrics, ...settings }: ObjectClientSettings) {
    const calls = new StoreCalls(() => metrics?.add("refusedSubrequests"));
    const way: Way<CallObject> = {
      handleFor:
        ({ purpose, timeoutMs }) =>
        (call, ask) =>
          within(
            calls.counted(() => sent(stub, call, ask, { purpose, metrics })),
            timeoutMs,
          ),
      ping: (callObject) => callObject("standing", { places: [] }),
      failed: troubleOf,
    };
    super({ words: objectWords, ...settings }, way);
    this.#wait = ({ n: end }, ms) => {
      const ask: WaitAsk = { end, ms };
      const counting = { purpose: "journal wait", metrics } as const;
      return within(sent(stub, "wait", ask, counting), ms + waitReplyMs);
    };
  }

  /**
   * Waits for an entry after the place. A failure opens no breaker, because the reads of the journal
   * also meet it.
   */
  readonly awaitNews: AwaitNews = async (place, ms) => {
    if (this.isShutOff) throw new Refusal(503);
    return this.#wait(place, ms);
  };
}

async function sent<Reply>(
  stub: () => ObjectStub,
  call: string,
  ask: object,
  counting: CallCount,
): Promise<Reply> {
  const response = await answerOf(stub, `https://journal/${call}`, JSON.stringify(ask), counting);
  return await response.json();
}

/** How a call is counted. */
export interface CallCount {
  readonly purpose: RedisPurpose | "journal wait";
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

/**
 * Sends a call, and sends it once more if the connection breaks, because the object is restarted for
 * every deployment. Rejects for a reply that is not 200.
 *
 * @param how.mayRepeat whether a repeated call changes nothing more
 */
export async function answerOf(
  stub: () => ObjectStub,
  url: string,
  body: string | ArrayBuffer,
  { purpose, metrics, mayRepeat = true }: CallCount & { readonly mayRepeat?: boolean },
): Promise<Response> {
  const once = () => {
    metrics?.add("objectCalls", [purpose]);
    return stub().fetch(url, { method: "POST", body });
  };
  const response = await once().catch((cause: unknown) => {
    if (!mayRepeat || isOverloaded(cause)) throw cause;
    return once();
  });
  const rows = Number(response.headers.get(rowsField));
  if (rows > 0) metrics?.add("objectRows", [purpose], rows);
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Refusal(response.status);
}

/** Returns whether Cloudflare has refused the call, because too many calls wait for the object. */
export function isOverloaded(cause: unknown): boolean {
  return cause instanceof Error && "overloaded" in cause && cause.overloaded === true;
}

function troubleOf(cause: unknown): RedisTrouble {
  if (cause instanceof OutOfTime) return "timeout";
  if (cause instanceof Refusal) return "refused";
  if (cause instanceof PlatformLimit) return ofInvocation;
  return isOverloaded(cause) ? "busy" : "unreachable";
}

/** Explains to the sender of a purge or a post why the journal's object is unavailable. */
export function unavailableFor(cause: RedisCause, client: ObjectClient): Unavailable {
  const trouble = cause === "shut-off" || cause === "writes-refused" ? client.trouble?.kind : cause;
  if (trouble === undefined) return { kind: "unavailable" };
  const { words } = client;
  return { kind: "unavailable", why: `${whyOf(trouble, words)}.`, hint: hintOf(trouble, words) };
}
