// The overrides for open-next.config.ts: the incremental cache, the tag cache and the queue of an OpenNext Worker. They
// keep nothing: all state belongs to the request, which `withTidemark` opens.
import { errorName } from "../base/error-name.ts";
import { nodeGlobals } from "../base/node-globals.ts";
import { OperatorError } from "../base/operator-error.ts";
import type { DataPurge, PurgeReceipt } from "../data/purge-data.ts";
import { copyOf } from "../data/value/frozen.ts";
import { purgedTagsOf, segmentOf } from "./library-key.ts";
import { type OpenNextKind, type OpenNextValue, requestNow } from "./opennext-request.ts";

/** A purge of one tag: a text at once, and an object with `stale` softly. Times are epoch milliseconds. */
export type OpenNextTagWrite =
  | string
  | { readonly tag: string; readonly stale?: number; readonly expire?: number };

/** A stale page that OpenNext has just answered with. */
export interface OpenNextMessage {
  readonly MessageDeduplicationId: string;
  readonly MessageBody: { readonly host: string; readonly url: string };
}

/** The overrides. Their types have the form that OpenNext expects, without its generics. */
export interface OpenNextOverrides {
  readonly incrementalCache: {
    readonly name: string;
    // oxlint-disable-next-line typescript/no-explicit-any -- OpenNext's type depends on cacheType
    get(key: string, cacheType?: OpenNextKind): Promise<any>;
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    set(key: string, value: any, cacheType?: OpenNextKind): Promise<void>;
    delete(key: string): Promise<void>;
  };
  readonly tagCache: {
    readonly name: string;
    readonly mode: "nextMode";
    getLastRevalidated(tags: string[]): Promise<number>;
    hasBeenRevalidated(tags: string[], lastModified?: number): Promise<boolean>;
    isStale(tags: string[], lastModified?: number): Promise<boolean>;
    writeTags(tags: OpenNextTagWrite[]): Promise<void>;
  };
  readonly queue: {
    readonly name: string;
    send(message: OpenNextMessage): Promise<void>;
  };
}

const name = "tidemark";

/**
 * Returns the overrides for open-next.config.ts. The Worker must be one of `withTidemark`.
 */
export function openNextOverrides(): OpenNextOverrides {
  return { incrementalCache, tagCache, queue };
}

/**
 * Purges data and pages, in a route handler or a Server Action of the application.
 *
 * @throws OperatorError if the purge is not accepted, which the functions of Next.js do not report
 * @example
 * await purge({ tags: ["articles"] });
 */
export async function purge(order: DataPurge): Promise<PurgeReceipt> {
  const tags = order.tags && purgedTagsOf(order.tags);
  return requestHere().stores.data.purge({ ...order, tags });
}

const incrementalCache: OpenNextOverrides["incrementalCache"] = {
  name,
  async get(key, kind = "cache") {
    const found = await requestNow()?.get(key, kind);
    // A copy, because stored values are frozen, and OpenNext removes the header with the tags.
    return found === undefined ? null : copyOf(found);
  },
  async set(key, value: OpenNextValue, kind = "cache") {
    try {
      await requestHere().set(key, value, kind);
    } catch (cause) {
      report(`A value of the kind ${kind} is not stored`, cause);
    }
  },
  async delete(key) {
    await requestHere().delete(key);
  },
};

const tagCache: OpenNextOverrides["tagCache"] = {
  name,
  mode: "nextMode",
  async getLastRevalidated(tags) {
    return (await requestNow()?.purgedUntilMs(tags)) ?? Date.now();
  },
  async hasBeenRevalidated(tags, lastModified) {
    return ((await requestNow()?.judge(tags, lastModified)) ?? "unusable") === "unusable";
  },
  async isStale(tags, lastModified) {
    return (await requestNow()?.judge(tags, lastModified)) === "stale";
  },
  async writeTags(written) {
    const request = requestHere();
    const { staleMs } = request.stores;
    const isSoft = (one: OpenNextTagWrite) => typeof one === "object" && lastsMs(one) >= staleMs;
    const named = (soft: boolean) =>
      purgedTagsOf(
        written
          .filter((one) => isSoft(one) === soft)
          .map((one) => (typeof one === "string" ? one : one.tag)),
      );
    try {
      for (const soft of [false, true]) {
        const tags = named(soft);
        if (tags.length > 0) await request.purge({ tags, soft, reason: "Next.js" });
      }
    } catch (cause) {
      // Next.js does not pass this error on to the code that asked for it.
      report("A purge by Next.js has failed", cause);
      throw cause;
    }
  },
};

/** Returns how long values may answer after a purge; 0 for a hard one. */
function lastsMs({ stale, expire = Infinity }: Exclude<OpenNextTagWrite, string>): number {
  return stale === undefined ? 0 : expire - stale;
}

const queue: OpenNextOverrides["queue"] = {
  name,
  /** Renews a page in the background, so the client of the stale page does not wait. */
  async send({ MessageDeduplicationId: id, MessageBody: { host, url } }) {
    const request = requestHere();
    const key = [segmentOf(host), segmentOf(id)];
    const work = request.stores.revalidations
      .getOrSet(key, async ({ signal }) => revalidated({ host, url }, request.env, signal))
      .then(
        () => undefined,
        (cause: unknown) => report(`The page ${url.split("?")[0]} was not revalidated`, cause),
      );
    request.waitUntil(work);
  },
};

async function revalidated(
  { host, url }: OpenNextMessage["MessageBody"],
  env: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<boolean> {
  const self = env["WORKER_SELF_REFERENCE"] as { readonly fetch: typeof fetch } | undefined;
  if (self === undefined) {
    throw new OperatorError({
      what: "A stale page cannot be revalidated.",
      why: "WORKER_SELF_REFERENCE is not bound to a service.",
      hint: "Bind it to this Worker under services of the wrangler file.",
    });
  }
  const scheme = /^(?:localhost|127\.)/.test(host) ? "http" : "https";
  const token = nodeGlobals.process?.env?.["NEXT_PREVIEW_MODE_ID"] ?? "";
  const response = await self.fetch(`${scheme}://${host}${url}`, {
    method: "HEAD",
    headers: { "x-prerender-revalidate": token, "x-isr": "1" },
    signal,
  });
  await response.body?.cancel();
  if (response.headers.get("x-nextjs-cache") === "REVALIDATED") return true;
  throw new Error(`It was answered with the status ${response.status}, and not rendered.`);
}

function requestHere() {
  const request = requestNow();
  if (request !== undefined) return request;
  throw new OperatorError({
    what: "The cache of OpenNext is not open.",
    why: "The Worker was not wrapped, or this code does not run within a request.",
    hint: "Let main of the wrangler file name a file with `export default withTidemark(worker, config, { stores })`.",
  });
}

function report(what: string, cause: unknown): void {
  const why = cause instanceof Error ? cause.message : errorName(cause);
  const message = `${what}. ${why}`;
  const stores = requestNow()?.stores;
  // Code that runs outside of a request has no log.
  if (stores === undefined) console.error(`tidemark: ${message}`);
  else stores.log({ event: "background-failed", level: "error", message });
}
