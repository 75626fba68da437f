// Makes a target from the way in which its API is called.
import { OperatorError, isFault } from "../../../base/operator-error.ts";
import { type CredentialForm, outwardSecretOf } from "./target-credential.ts";
import { acceptedAtMs } from "../../../purge/journal/entry.ts";
import { callsOf, callsPerBatch, type TargetApi, tokensOf } from "./batch.ts";
import { sendAll } from "./call.ts";
import { deliver, type DeliveryTarget } from "./delivery.ts";
import { entriesAfter, foundAheadAtMs, HeldTarget, resetTo } from "./held-target.ts";
import { taken } from "./token-bucket.ts";
import { namesIn, placedNames, type CacheFacts } from "./selection.ts";
import type {
  OpenTarget,
  OutwardPorts,
  OutwardTarget,
  TargetReport,
} from "../port/outward-target.ts";

/** The options of every target. */
export interface TargetOptions {
  /** The hosts under which the cache in front stores the site. Default: the hosts of Tidemark's site. */
  readonly hosts?: readonly string[] | undefined;
  /**
   * `"exact"`: the keys of the cache in front ignore the query parameters and the order of parameters
   * that Tidemark's keys ignore, so a purge of a URL names only this URL. `"widened"`: the purge names
   * at least all URLs with this path. Default: `"widened"`; of `signedWebhook`, `"exact"`.
   */
  readonly urls?: "exact" | "widened" | undefined;
  /**
   * Whether the cache in front knows all tags: the origin sends them in the field that this cache
   * reads, and no route has the option `tags`. If not, a purge by tag purges everything. Default:
   * `false`; of `signedWebhook`, `true`.
   */
  readonly tags?: boolean | undefined;
  /**
   * Whether each purge is sent twice: as soon as it is accepted, and when it is due. Default: `false`.
   * @see docs/outward.md#when-a-purge-is-sent
   */
  readonly alsoAtOnce?: boolean | undefined;
}

interface TargetDefinition {
  readonly credential: CredentialForm;
  /** Default: one, without a name. */
  readonly servers?: readonly string[];
  /**
   * @param secret empty if it is optional and unset
   * @param server one of `servers`
   */
  readonly api: (secret: string, server: string) => TargetApi;
}

export function makeTarget(options: TargetOptions, definition: TargetDefinition): OutwardTarget {
  const { credential, servers = [""] } = definition;
  return {
    isOutward: true,
    servers,
    open(configuredName, env, server = servers[0] ?? "") {
      const name = servers.length > 1 ? `${configuredName}@${server}` : configuredName;
      const { secret, faults } = outwardSecretOf(configuredName, env, credential);
      const factsFor = (ports: OutwardPorts) => factsOf(options, ports);
      const api = isFault(secret) ? undefined : definition.api(secret, server);
      const target = api && { name, api, factsFor };
      const open: OpenTarget = {
        name,
        faults: server === servers[0] ? [secret, ...faults].filter(isFault) : [],
        sendsAtOnce: options.alsoAtOnce ?? false,
        concerns: (entries) => placedNames(entries).length > 0,
        deliver: async (ports, how) => {
          if (target) return deliver(target, ports, how);
          // Purges wait for the credential, from this cursor on.
          await new HeldTarget(name, ports).open();
          return "failed";
        },
        sendNow: async (ports, entries) => (target ? sendNow(target, ports, entries) : undefined),
        skip: (ports) => skip(name, ports),
        report: (ports) => reportOf(name, ports),
      };
      return open;
    },
  };
}

function factsOf(
  { hosts = [], urls = "widened", tags = false }: TargetOptions,
  { siteHosts }: OutwardPorts,
): CacheFacts {
  return { hosts, urls, tags, siteHosts };
}

/**
 * @param faults the faults of the target's own options; `false` for a valid option
 * @throws OperatorError that names each fault of a target's options
 */
export function checkOptions(
  target: string,
  { hosts = [], urls = "exact" }: TargetOptions,
  faults: readonly (string | false)[],
): void {
  const areHosts = Array.isArray(hosts) && hosts.every((host) => hostForm.test(String(host)));
  const found = [
    ...faults,
    !areHosts && 'hosts is not a list of hosts in small letters, such as ["www.example.com"].',
    !["exact", "widened"].includes(urls) && 'urls is not "exact" or "widened".',
  ].filter((fault) => fault !== false);
  if (found.length === 0) return;
  throw new OperatorError({
    what: "A target of outward purges has invalid options.",
    why: found.join(" "),
    hint: `Fix the options of ${target} in your configuration, such as tidemark.config.ts.`,
  });
}

const hostForm = /^[a-z0-9_.-]+(?::\d+)?$|^\[[0-9a-f:.]+\](?::\d+)?$/;

/**
 * Sends purges of one isolate, and leaves half of each bucket to the delivery. The delivery repeats
 * them later.
 */
async function sendNow(
  { name, api, factsFor }: DeliveryTarget,
  ports: OutwardPorts,
  entries: Parameters<OpenTarget["sendNow"]>[1],
): Promise<void> {
  const { calls } = callsOf(placedNames(entries), { api, facts: factsFor(ports) });
  const held = await new HeldTarget(name, ports).open();
  if (typeof held === "string" || calls.length > callsPerBatch) return;
  const { state } = held;
  const buckets = taken(state.buckets, api.limits, tokensOf(calls), ports.nowAtMs());
  const leavesHalf = Object.entries(buckets ?? {}).every(
    ([limit, { tokens }]) => tokens >= (api.limits[limit]?.burst ?? 0) / 2,
  );
  if (buckets === undefined || !leavesHalf || state.failures !== undefined) return;
  const replaced = await new HeldTarget(name, ports).replace(held, { ...state, buckets });
  if (typeof replaced === "string") return;
  await sendAll(calls, api, ports, (outcome) => ports.called(name, outcome));
}

async function skip(name: string, ports: OutwardPorts): ReturnType<OpenTarget["skip"]> {
  const held = new HeldTarget(name, ports);
  for (let tries = 0; tries < 4; tries += 1) {
    const [read, newest] = await Promise.all([held.open(), ports.journal.newestFirst(1)]);
    if ("kind" in newest) return newest;
    const [last] = newest;
    if (last === undefined || read === "empty-journal") return { kind: "done" };
    if (read === "unavailable") return { kind: "unavailable" };
    if (read === "overtaken") continue;
    const { failures: _, ...state } = read.state;
    const replaced = await held.replace(read, { ...state, ...resetTo(last, "skipped") });
    if (typeof replaced !== "string") return { kind: "done" };
  }
  return { kind: "unavailable" };
}

async function reportOf(name: string, ports: OutwardPorts): ReturnType<OpenTarget["report"]> {
  const read = await new HeldTarget(name, ports).read();
  if (read.kind === "unavailable") return read;
  if (read.kind === "none") return { ...nothingYet, reset: read.isLost ? "state-lost" : undefined };
  const { cursor, reset, failures, lastSuccessAtMs } = read.state;
  const found = cursor === undefined ? [] : await entriesAfter(cursor, ports);
  if (found === "unavailable") return { kind: "unavailable" };
  const waiting = found === "lost" ? [] : found.filter((entry) => namesIn(entry).length > 0);
  const oldest = waiting[0]?.position ?? reset?.position;
  const newest = waiting.at(-1)?.position ?? reset?.position;
  const aheadMs = newest === undefined ? 0 : Math.max(0, acceptedAtMs(newest) - read.atMs);
  const foundAtMs = oldest === undefined ? Infinity : foundAheadAtMs(oldest, read.state);
  // By the journal's clock, but the report and the failures use this isolate's clock.
  const waitsSinceAtMs = Math.min(
    oldest === undefined ? Infinity : acceptedAtMs(oldest),
    aheadMs === 0 ? Infinity : (foundAtMs ?? read.atMs),
  );
  const sinceAtMs = Math.min(
    waitsSinceAtMs + ports.nowAtMs() - read.atMs,
    // The purge that failed first still waits, even if the journal has lost it.
    failures?.sinceAtMs ?? Infinity,
  );
  return {
    kind: "report",
    cursor: cursor?.position,
    reset: reset?.why ?? (found === "lost" ? "journal-lost" : undefined),
    waitingCount: waiting.length,
    waitingSinceAtMs: sinceAtMs === Infinity ? undefined : sinceAtMs,
    aheadMs,
    failures,
    lastSuccessAtMs,
  };
}

const nothingYet: TargetReport = {
  kind: "report",
  cursor: undefined,
  reset: undefined,
  waitingCount: 0,
  waitingSinceAtMs: undefined,
  aheadMs: 0,
  failures: undefined,
  lastSuccessAtMs: undefined,
};

/** @param charsMax the maximum length of the items of a chunk, as JSON with separators */
export function chunks<Item>(
  items: readonly Item[],
  countMax: number,
  charsMax = Number.POSITIVE_INFINITY,
): readonly (readonly Item[])[] {
  const found: Item[][] = [];
  let [count, chars] = [0, 0];
  for (const item of items) {
    const size = JSON.stringify(item).length + 1;
    const last = found.at(-1);
    if (last === undefined || count >= countMax || chars + size > charsMax) {
      found.push([item]);
      [count, chars] = [1, size];
    } else {
      last.push(item);
      [count, chars] = [count + 1, chars + size];
    }
  }
  return found;
}

/** Returns whether a tag is visible ASCII without commas, of up to 1,024 characters. */
export function isVisibleTag(tag: string): boolean {
  return tag.length <= 1_024 && /^[!-+\--~]+$/.test(tag);
}
