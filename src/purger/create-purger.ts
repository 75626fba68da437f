// Signs purges, and sends them to Tidemark until they are accepted.
import {
  type Acceptance,
  acceptanceReader,
  type DryRun,
  dryRunReader,
  readAnswer,
  type Reader,
  type SendResult,
  type TryResult,
} from "./answer.ts";
import { type BackOff, backOffMs, sleep } from "./back-off.ts";
import { dryRunMessageOf, messageOf, type PurgeMessage, type PurgeOrder } from "./message.ts";
import { PurgeError } from "./purge-error.ts";
import { createSigner } from "./signature.ts";

export interface RetryLimits {
  /**
   * The maximum number of tries, including the first. Default: 10. With `Infinity`, only
   * `giveUpAfterMs` limits the tries.
   */
  readonly triesMax: number;
  /**
   * The limit of the whole call, which also ends a running try. Default: 60,000. With `Infinity`,
   * only `triesMax` limits the tries.
   */
  readonly giveUpAfterMs: number;
}

export interface Retry extends RetryLimits, BackOff {
  /** The timeout of one try, including its response. Default: 10,000. */
  readonly tryTimeoutMs: number;
  /** Waits. Rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface PurgerSettings {
  /** The URL of the purge endpoint, such as "https://www.example.com/_cache/purge". */
  readonly url: string;
  /** One of the secrets in the site's PURGE_SECRET, such as "whsec_…". */
  readonly secret: string;
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  readonly nowAtMs?: () => number;
  /** The limits of each call, and the waits between its tries. Default: up to 10 tries within a minute. */
  readonly retry?: Partial<Retry>;
}

export type TryOptions = Partial<RetryLimits> & { readonly signal?: AbortSignal };

export interface Purger {
  /**
   * Sends a purge, and retries until it is accepted.
   *
   * @throws PurgeError if the purge is finally rejected, or not accepted within the limits. Also
   *   throws the signal's reason when the signal is aborted
   */
  purge(order: PurgeOrder, options?: TryOptions): Promise<Acceptance>;
  /**
   * Returns what a purge would cover, without purging. Retries like `purge`.
   *
   * @throws the same errors as `purge`
   */
  dryRun(order: PurgeOrder, options?: TryOptions): Promise<DryRun>;
  /**
   * Sends a message once. A message may be sent any number of times.
   *
   * @throws only the signal's reason, when the signal is aborted
   */
  send(message: PurgeMessage, options?: { readonly signal?: AbortSignal }): Promise<SendResult>;
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

/** Lets the `fetch` of Next.js store no answer. Other implementations ignore the member. */
const unstored: object = { next: { internal: true } };

/**
 * Creates a sender of purges.
 *
 * @throws PurgeError for an invalid URL or secret
 * @example
 * const purger = createPurger({ url: "https://www.example.com/_cache/purge", secret });
 * await purger.purge({ tags: ["article:1"], reason: "corrected" });
 */
export function createPurger(settings: PurgerSettings): Purger {
  const url = purgeUrl(settings.url);
  const sign = createSigner(settings.secret);
  // On Workers, `fetch` throws when called as a method of another object.
  const { fetch = (to, init) => globalThis.fetch(to, init), nowAtMs = Date.now } = settings;
  const retry = { ...retryUnlessSet, ...settings.retry };

  const tryOnce = async <Answer>(
    message: PurgeMessage,
    reader: Reader<Answer>,
    signal: AbortSignal | undefined,
    leftMs = Infinity,
  ): Promise<TryResult<Answer>> => {
    signal?.throwIfAborted();
    try {
      const signed = await sign(message, nowAtMs());
      const timeout = AbortSignal.timeout(Math.max(0, Math.min(retry.tryTimeoutMs, leftMs)));
      const response = await fetch(url, {
        method: "POST",
        headers: { ...signed, "content-type": "application/json" },
        body: message.body,
        // Following a redirect could turn the POST into a GET, or send the purge to another site.
        redirect: "manual",
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        ...unstored,
      });
      const result = await readAnswer(response, nowAtMs(), reader);
      if (result.kind !== "accepted") signal?.throwIfAborted();
      return result;
    } catch (cause) {
      signal?.throwIfAborted();
      return { kind: "try-later", why: `No response arrived: ${textOf(cause)}.`, retryAfterMs: 0 };
    }
  };

  const tryUntilAccepted = async <Answer>(
    messageFor: () => PurgeMessage,
    reader: Reader<Answer>,
    { signal, ...limits }: TryOptions = {},
  ): Promise<Answer> => {
    const { triesMax, giveUpAfterMs } = { ...retry, ...limits };
    const beganAtMs = nowAtMs();
    for (let tries = 1; ; tries += 1) {
      const message = messageFor();
      const leftMs = beganAtMs + giveUpAfterMs - nowAtMs();
      const result = await tryOnce(message, reader, signal, leftMs);
      if (result.kind === "refused") throw result.error;
      if (result.kind === "accepted") return result.answer;
      const waitMs = Math.max(backOffMs(tries, retry), result.retryAfterMs);
      const isLate = nowAtMs() + waitMs - beganAtMs > giveUpAfterMs;
      if (tries >= triesMax || isLate) throw notAccepted(message.id, tries, result.why);
      await retry.sleep(waitMs, signal);
    }
  };
  return {
    purge: async (order, options) => {
      const message = messageOf(order);
      return tryUntilAccepted(() => message, acceptanceReader, options);
    },
    // The site refuses a repeated id, because a dry run leaves no entry by which to answer it.
    dryRun: async (order, options) =>
      tryUntilAccepted(() => dryRunMessageOf(order), dryRunReader, options),
    send: async (message, { signal } = {}) => {
      const result = await tryOnce(message, acceptanceReader, signal);
      return result.kind === "accepted" ? { kind: "accepted", ...result.answer } : result;
    },
  };
}

function purgeUrl(text: string): string {
  const why = purgeUrlFault(text);
  if (why === undefined) return new URL(text).href;
  throw new PurgeError({
    code: "url",
    what: "The purge URL is invalid.",
    why,
    hint: "Write a URL such as https://www.example.com/_cache/purge.",
  });
}

function purgeUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return "It is not a URL.";
  const { protocol, username, password, pathname } = new URL(text);
  if (!["https:", "http:"].includes(protocol)) return `It begins with "${protocol}".`;
  if (username + password !== "") return "It contains a user name or a password.";
  if (/\/[^/]+\/purge$/.test(pathname)) return undefined;
  return `Its path is ${JSON.stringify(pathname)}, but should end in "/_cache/purge".`;
}

function notAccepted(id: string, tries: number, why: string): PurgeError {
  return new PurgeError({
    code: "not-accepted",
    what: `The purge ${id} was not accepted in ${tries === 1 ? "one try" : `${tries} tries`}.`,
    why,
    hint: "Send it again later. An outbox keeps a purge until it is accepted.",
  });
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the request failed";
  // The message of Node's error is only "fetch failed"; its cause has the reason.
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  return (inner.message || inner.name).replace(/\.$/, "");
}
