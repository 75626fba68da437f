// Sends purges to Tidemark, signed, until they are accepted.
import {
  type Acceptance,
  acceptanceReader,
  type DryRun,
  dryRunReader,
  readAnswer,
  type Reader,
  type SendVerdict,
  type Verdict,
} from "./answer.ts";
import { type BackOff, backOffMs, sleep } from "./back-off.ts";
import { dryRunMessageOf, messageOf, type PurgeMessage, type PurgeOrder } from "./message.ts";
import { PurgeError } from "./purge-error.ts";
import { createSigner } from "./signature.ts";

export interface RetryLimits {
  /** Tries at most, the first included (10). `Infinity` leaves it to `giveUpAfterMs`. */
  readonly triesMax: number;
  /** No try begins later than this after the call (60,000). `Infinity` leaves it to `triesMax`. */
  readonly giveUpAfterMs: number;
}

export interface Retry extends RetryLimits, BackOff {
  /** What one try may take, answer included (10,000). */
  readonly tryTimeoutMs: number;
  /** Ends early, by rejecting, when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface PurgerSettings {
  /** Such as "https://www.example.com/_cache/purge". */
  readonly url: string;
  /** Such as "whsec_…": what PURGE_SECRET holds where Tidemark runs. */
  readonly secret: string;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowAtMs?: () => number;
  readonly retry?: Partial<Retry>;
}

export type TryOptions = Partial<RetryLimits> & { readonly signal?: AbortSignal };

export interface Purger {
  /**
   * Tries until the purge is accepted.
   *
   * @throws PurgeError when it is refused for good, or not accepted within the limits; the
   * signal's reason when that is aborted
   */
  purge(order: PurgeOrder, options?: TryOptions): Promise<Acceptance>;
  /**
   * Asks what a purge would cover, and purges nothing. Tried and ended as `purge` is.
   *
   * @throws what `purge` throws
   */
  dryRun(order: PurgeOrder, options?: TryOptions): Promise<DryRun>;
  /**
   * One try. The same message may be sent any number of times.
   *
   * @throws the signal's reason when that is aborted, and nothing else
   */
  send(message: PurgeMessage, options?: { readonly signal?: AbortSignal }): Promise<SendVerdict>;
}

const retryUnlessSet: Retry = {
  triesMax: 10,
  giveUpAfterMs: 60_000,
  firstWaitMs: 250,
  waitMsMax: 15_000,
  tryTimeoutMs: 10_000,
  random: Math.random,
  sleep,
};

/**
 * @throws PurgeError for a URL or a secret that cannot work
 * @example
 * const purger = createPurger({ url: "https://www.example.com/_cache/purge", secret });
 * await purger.purge({ tags: ["article:1"], reason: "corrected" });
 */
export function createPurger(settings: PurgerSettings): Purger {
  const url = purgeUrl(settings.url);
  const sign = createSigner(settings.secret);
  // Called as a method of anything but the global object, the platform's fetch throws on Workers.
  const { fetch = (to, init) => globalThis.fetch(to, init), nowAtMs = Date.now } = settings;
  const retry = { ...retryUnlessSet, ...settings.retry };

  const tryOnce = async <Answer>(
    message: PurgeMessage,
    reader: Reader<Answer>,
    signal: AbortSignal | undefined,
  ): Promise<Verdict<Answer>> => {
    signal?.throwIfAborted();
    try {
      const signed = await sign(message, nowAtMs());
      const timeout = AbortSignal.timeout(retry.tryTimeoutMs);
      const response = await fetch(url, {
        method: "POST",
        headers: { ...signed, "content-type": "application/json" },
        body: message.body,
        // A redirect followed would turn the POST into a GET, or send the purge astray.
        redirect: "manual",
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      return await readAnswer(response, nowAtMs(), reader);
    } catch (cause) {
      signal?.throwIfAborted();
      return { kind: "try-later", why: `No answer came: ${saidBy(cause)}.`, retryAfterMs: 0 };
    }
  };

  const tryUntilAccepted = async <Answer>(
    message: PurgeMessage,
    reader: Reader<Answer>,
    { signal, ...limits }: TryOptions = {},
  ): Promise<Answer> => {
    const { triesMax, giveUpAfterMs } = { ...retry, ...limits };
    const beganAtMs = nowAtMs();
    for (let tries = 1; ; tries += 1) {
      const verdict = await tryOnce(message, reader, signal);
      if (verdict.kind === "refused") throw verdict.error;
      if (verdict.kind === "accepted") return verdict.answer;
      const waitMs = Math.max(backOffMs(tries, retry), verdict.retryAfterMs);
      const isLate = nowAtMs() + waitMs - beganAtMs > giveUpAfterMs;
      if (tries >= triesMax || isLate) throw notAccepted(message.id, tries, verdict.why);
      await retry.sleep(waitMs, signal);
    }
  };
  return {
    purge: async (order, options) => tryUntilAccepted(messageOf(order), acceptanceReader, options),
    dryRun: async (order, options) =>
      tryUntilAccepted(dryRunMessageOf(order), dryRunReader, options),
    send: async (message, { signal } = {}) => {
      const verdict = await tryOnce(message, acceptanceReader, signal);
      return verdict.kind === "accepted" ? { kind: "accepted", ...verdict.answer } : verdict;
    },
  };
}

function purgeUrl(text: string): string {
  const why = purgeUrlFault(text);
  if (why === undefined) return new URL(text).href;
  throw new PurgeError({
    code: "url",
    what: "The address for purges cannot be used.",
    why,
    mend: "Write one such as https://www.example.com/_cache/purge.",
  });
}

function purgeUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return "It is no URL.";
  const { protocol, username, password, pathname } = new URL(text);
  if (!["https:", "http:"].includes(protocol)) return `It begins with "${protocol}".`;
  if (username + password !== "") return "It holds a user name or a password.";
  if (/\/[^/]+\/purge$/.test(pathname)) return undefined;
  return `Its path is ${JSON.stringify(pathname)}, and purges go to "/_cache/purge".`;
}

function notAccepted(id: string, tries: number, why: string): PurgeError {
  return new PurgeError({
    code: "not-accepted",
    what: `The purge ${id} was not accepted in ${tries === 1 ? "one try" : `${tries} tries`}.`,
    why,
    mend: "Send it again later. A purge in an outbox is kept until it is accepted.",
  });
}

function saidBy(cause: unknown): string {
  if (!(cause instanceof Error)) return "the request failed";
  // Node says only "fetch failed" itself, and the reason one level below.
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  return (inner.message || inner.name).replace(/\.$/, "");
}
