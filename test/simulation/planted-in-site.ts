// Faults in the handling of requests, for planted-faults.test.ts: stamps, tiers, bodies, followers,
// validation and the clock.
import type { Command } from "../../src/remote/redis/redis.ts";
import { withExec } from "../../testing/fakes/changed-redis.ts";
import type { RemoteAnswer } from "../../src/remote/remote-client.ts";
import { createHash } from "node:crypto";
import type { Stamp, ValueReads } from "../../src/cache/record/record.ts";
import type {
  ResponseDetail,
  StoredMetadata,
  ArrivingResponse,
  ResponseRecord,
  ResponseTier,
} from "../../src/pages/stored/stored-response.ts";
import type { PurgeView } from "../../src/purge/view/view-port.ts";
import type { RedisClient } from "../../src/remote/redis/redis-client.ts";
import { type FetchResult, Flights, type StartPorts } from "../../src/cache/flights.ts";
import type { OriginFlight, SharedOutcome } from "../../src/pages/site/origin-outcome.ts";
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import type { RecordKey } from "../../src/cache/record/record-key.ts";
import { SharedTier } from "../../src/stores/redis/shared-tier.ts";
import { TierStack } from "../../src/cache/tiers/tier-stack.ts";
import type { TierKeep } from "../../src/cache/tiers/tier.ts";
import type { SimulatedIsolate } from "../../testing/simulation/simulated-isolate.ts";
import type { SiteParts } from "../../testing/simulation/simulated-site.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";

type Planted = Partial<SiteParts>;

const withView = (change: (view: PurgeView, isolate: SimulatedIsolate) => object): Planted => ({
  site: (site, isolate) => {
    const { view } = site;
    // Bind the methods: only the view itself has its private members.
    const asBefore = {
      bypasses: view.bypasses.bind(view),
      isRenewedFirst: view.isRenewedFirst.bind(view),
      arrived: view.arrived.bind(view),
      renewIfDue: view.renewIfDue.bind(view),
      seek: view.seek.bind(view),
      reachBack: view.reachBack.bind(view),
      stamp: view.stamp.bind(view),
      judge: view.judge.bind(view),
      mayBeValidated: view.mayBeValidated.bind(view),
      purgedSince: view.purgedSince.bind(view),
      mayBePurgedSince: view.mayBePurgedSince.bind(view),
      mayPredatePurge: view.mayPredatePurge.bind(view),
      get failedAtMs() {
        return view.failedAtMs;
      },
      isUnreachable: view.isUnreachable.bind(view),
    };
    return { ...site, view: Object.assign(asBefore, change(view, isolate)) };
  },
});

/** Returns a tier whose reads pass the metadata of each response to a function. */
const observed =
  (seen: (metadata: StoredMetadata) => void) =>
  (tier: ResponseTier): ResponseTier => ({
    name: tier.name,
    arrivingBytesMax: tier.arrivingBytesMax,
    bodyBytesMax: tier.bodyBytesMax,
    isBreakerOpen: tier.isBreakerOpen,
    write: (...given) => tier.write(...given),
    remove: (key) => tier.remove(key),
    read: async (key, ask) => {
      const read = await tier.read(key, ask);
      if (read.kind === "found" && read.record.kind === "response")
        seen(read.record.stored.metadata);
      return read;
    },
  });

/** The metadata as a lower tier has it. Copies have it, too. */
const asStored = Symbol("as stored");
type Marked = StoredMetadata & { [asStored]?: StoredMetadata };

/** Judges each response from a lower tier by its stored tags alone. */
export const readersTagsIgnored: Planted = {
  tiers: (tiers) => {
    const marking = observed((metadata: Marked) => {
      metadata[asStored] = { ...metadata };
    });
    return new TierStack(tiers.memory, tiers.below.map(marking));
  },
  ...withView((view) => ({
    judge: ((record, ask) =>
      view.judge((record as Marked)[asStored] ?? record, ask)) satisfies PurgeView["judge"],
  })),
};

/** Takes the stamp when the response is stored. */
export const stampedWhenStored = withView((_, { view }) => ({
  stamp: async (): Promise<Stamp> => ({
    get position() {
      return view.tail.chain?.end.position ?? "";
    },
    get n() {
      return view.tail.chain?.end.n ?? "";
    },
  }),
}));

/** A 304 freshens the record that memory has by then, not the validated one. */
export const freshensWhatIsHeld: Planted = {
  tiers: (tiers) => {
    class Freshening extends MemoryTier<ResponseDetail> {
      override write(key: RecordKey, record: ResponseRecord | ArrivingResponse, keep: TierKeep) {
        const held = this.read(key, keep);
        const isFreshened = record.kind === "response" && keep.body !== "new";
        if (!isFreshened || held.kind !== "found" || held.record.kind !== "response") {
          return super.write(key, record, keep);
        }
        const { stamp, requestedAtMs, respondedAtMs } = record.stored.metadata;
        const { metadata, body } = held.record.stored;
        const freshened = { ...metadata, stamp, requestedAtMs, respondedAtMs };
        return super.write(key, { kind: "response", stored: { metadata: freshened, body } }, keep);
      }
    }
    const memory = new Freshening({ bytesMax: 1_000_000, form: responseForm });
    return new TierStack(memory, tiers.below);
  },
};

/** Changes the metadata of a response that a backfill writes to memory. */
const backfilledAs = (change: (isolate: SimulatedIsolate) => Partial<StoredMetadata>): Planted => ({
  tiers: (tiers, isolate) => {
    const found = new WeakSet<StoredMetadata>();
    const noted = observed((metadata) => void found.add(metadata));
    class Changing extends MemoryTier<ResponseDetail> {
      override write(key: RecordKey, record: ResponseRecord | ArrivingResponse, keep: TierKeep) {
        const isBackfill = record.kind === "response" && found.has(record.stored.metadata);
        if (!isBackfill) return super.write(key, record, keep);
        const { metadata, body } = record.stored;
        // Copy descriptors, because a spread would replace getters with values.
        const changed = Object.defineProperties(
          { ...metadata },
          Object.getOwnPropertyDescriptors(change(isolate)),
        );
        return super.write(key, { kind: "response", stored: { metadata: changed, body } }, keep);
      }
    }
    const memory = new Changing({ bytesMax: 1_000_000, form: responseForm });
    return new TierStack(memory, tiers.below.map(noted));
  },
});

/** A backfilled response has the stamp of the view at each use. */
export const backfillStamped = backfilledAs(({ view }) => ({
  get stamp() {
    return view.tail.chain?.end ?? "none";
  },
}));
/** A backfilled response counts as requested by this colo at the present time. */
export const backfillDated = backfilledAs((isolate) => ({
  colo: isolate.colo,
  requestedAtMs: isolate.nowAtMs(),
}));

/** A verified record is backfilled with the stamp of the view at each use. */
export const verifiedStampedLate: Planted = {
  tiers: (tiers, { view }) => {
    class Restamping extends MemoryTier<ResponseDetail> {
      override write(key: RecordKey, record: ResponseRecord | ArrivingResponse, keep: TierKeep) {
        if (record.kind !== "response" || record.stored.metadata.loadStamp === undefined)
          return super.write(key, record, keep);
        const { metadata, body } = record.stored;
        const get = () => view.tail.chain?.end ?? "none";
        const restamped = Object.defineProperty({ ...metadata }, "stamp", { get, set() {} });
        return super.write(key, { kind: "response", stored: { metadata: restamped, body } }, keep);
      }
    }
    const memory = new Restamping({ bytesMax: 1_000_000, form: responseForm });
    return new TierStack(memory, tiers.below);
  },
};

/** Uses the body beside the metadata without checking its digest, in reads and in writes. */
export const bodyUnchecked: Planted = {
  tiers: (tiers, { redis, nowAtMs }) => {
    const { client } = redis;
    const read = client.read.bind(client);
    const write = client.write.bind(client);
    const naming = (text: string, digest: string) =>
      text.replace(/"d":"[\w-]+"/, `"d":"${digest}"`);
    const readNamed: RedisClient["read"] = async (purpose, run, background) => {
      const answer: RemoteAnswer<unknown> = await read(purpose, run, background);
      if (answer.kind === "unavailable" || typeof answer.value !== "string") return answer as never;
      const [m = "", b = ""] = answer.value.split("\n");
      const digest = createHash("sha256")
        .update(Buffer.from(b.slice(1), b.startsWith("t") ? "utf8" : "base64"))
        .digest("base64url");
      return { kind: "answered", value: `${naming(m, digest)}\n${b}` } as never;
    };
    let digestWritten = "";
    const writeUnasked: RedisClient["write"] = (purpose, run) =>
      write(purpose, (database) => {
        const exec = async (command: Command) => {
          const reply = await database.exec(command);
          return command[0] === "GETRANGE" ? naming(reply as string, digestWritten) : reply;
        };
        return run(withExec(database, exec));
      });
    class Unasking extends SharedTier<ResponseDetail> {
      override write(...[key, record, keep]: Parameters<SharedTier<ResponseDetail>["write"]>) {
        const isResponse = record.kind === "response";
        digestWritten = (isResponse && record.stored.metadata.bodyDigest) || digestWritten;
        return super.write(key, record, keep);
      }
    }
    const shared = new Unasking({
      form: responseForm,
      redis: Object.assign(client, { read: readNamed, write: writeUnasked }),
      namespace: "site",
      bodyBytesMax: 100_000,
      uploadBytesMax: 64 * 1_048_576,
      onBadRecord: () => undefined,
      nowAtMs,
      rewriteFromChars: 0,
    });
    const below = tiers.below.map((tier) => (tier.name === shared.name ? shared : tier));
    return new TierStack<ResponseDetail>(tiers.memory, below);
  },
};

/** Followers use the leader's response without judging it. */
export const followersTrust: Planted = {
  site: (site, isolate) => {
    let shared: { metadata: StoredMetadata; atMs: number } | undefined;
    class Telling extends Flights<SharedOutcome> {
      override start<Result>(
        key: string,
        lead: (flight: OriginFlight) => Promise<FetchResult<Result>>,
        given: StartPorts,
      ) {
        const leading: typeof lead = (flight) => {
          const settle = flight.settle.bind(flight);
          flight.settle = (outcome) => {
            const { atMs } = isolate.world;
            if (outcome.kind === "stored") shared = { metadata: outcome.stored.metadata, atMs };
            settle(outcome);
          };
          return lead(flight);
        };
        return super.start(key, leading, given);
      }
    }
    const planted = withView((view) => ({
      judge: ((stored, ask) => {
        const isJustShared = shared?.metadata === stored && shared.atMs === isolate.world.atMs;
        return isJustShared ? { kind: "usable" } : view.judge(stored, ask);
      }) satisfies PurgeView["judge"],
    }));
    return { ...(planted.site?.(site, isolate) ?? site), flights: new Telling() };
  },
};

/** Validates each response, even if a hard purge covers it. */
export const validatesWhatWasPurged = withView(() => ({ mayBeValidated: () => true }));
/** Validates responses regardless of the view's age. */
export const validatesUnderAnOldView = withView((_, { view }) => ({
  mayBeValidated: ((stored, { maxLagMs }) =>
    view.mayBeValidated(stored, {
      atMs: view.tail.sentAtMs,
      maxLagMs,
    })) satisfies PurgeView["mayBeValidated"],
}));

/** Keeps a reading of the clock for 6 s. */
export const clockKept: Planted = {
  site: (site) => {
    let keptAtMs = -Infinity;
    const nowAtMs = () => {
      const atMs = site.nowAtMs();
      if (atMs - keptAtMs > 6_000) keptAtMs = atMs;
      return keptAtMs;
    };
    return { ...site, nowAtMs };
  },
};

/** Stores answers of a cache before the origin, whatever their `Age`. */
export const ageUnread = withView(() => ({ mayPredatePurge: () => false }));
/** Compares `Age` only with the purges that the view has, even if it has dropped older ones. */
export const droppedPurgesForgotten = withView((view, { world }) => ({
  mayPredatePurge: ((record, generatedAtMs) =>
    view.purgedSince(
      record,
      generatedAtMs - world.settings.allowanceMs,
    )) satisfies PurgeView["mayPredatePurge"],
}));
/** The body time of a cache's answer is the time of its request. */
export const keptBodyIsNew = withView((view) => ({
  judge: ((record, ask) => {
    const { fields = [] } = record as Partial<StoredMetadata>;
    const isKept = fields.some(([name]) => name === "age");
    return view.judge(isKept ? { ...record, bodyRequestedAtMs: undefined } : record, ask);
  }) satisfies PurgeView["judge"],
}));

/** Changes what pages made of values take from these. */
const withReads = (change: (reads: ValueReads) => Partial<ValueReads>): Planted => ({
  site: (site) => ({
    ...site,
    collect: (work) =>
      site.collect?.((reads) => {
        if (reads === undefined) return work();
        const changed = change(reads);
        // The receiver is the object itself, which has private members.
        const get = (of: ValueReads, name: string) =>
          Reflect.get(name in changed ? changed : of, name);
        return work(new Proxy(reads, { get: get as ProxyHandler<ValueReads>["get"] & object }));
      }) ?? work(),
  }),
});

export const valuesNotNoted = withReads(() => ({ names: new Set() }));

export const valuesOfBodyNotNoted = withReads((reads) => {
  let atHead: ReadonlySet<string> | undefined;
  return {
    get names() {
      return (atHead ??= new Set(reads.names));
    },
  };
});

export const pageOfValuesIsNew = withReads(() => ({ colo: undefined }));

export const unknownValueCounts = withReads(() => ({ areKnown: true }));
