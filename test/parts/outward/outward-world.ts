// A journal with targets of outward purges, over either store. Only the test advances the time.
import "../../../testing/fakes/workers-globals.ts";
import type { LogLine } from "../../../src/observe/log-line.ts";
import type { TargetApi } from "../../../src/parts/outward/delivery/batch.ts";
import { makeTarget, type TargetOptions } from "../../../src/parts/outward/delivery/make-target.ts";
import type {
  OutwardPorts,
  OutwardTarget,
} from "../../../src/parts/outward/port/outward-target.ts";
import type { NewEntry } from "../../../src/purge/journal/entry.ts";
import type { Journal } from "../../../src/purge/journal/journal.ts";
import type { Subscribers } from "../../../src/purge/journal/subscribers.ts";
import type { JournalCall } from "../../../src/stores/durable-object/journal-calls.ts";
import { ObjectClient, type ObjectStub } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { ObjectSubscribers } from "../../../src/stores/durable-object/object-journal.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "../../../src/stores/redis/journal/redis-subscribers.ts";
import { newEntry, type EntryChanges } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

/** A request that a target got. */
export interface OutwardAsked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type TargetScript = (asked: OutwardAsked, nth: number) => Response | Promise<Response>;

export interface OutwardStore {
  readonly journal: Journal;
  readonly subscribers: Subscribers;
  /** The number of commands to Redis; 0 for another store. */
  readonly commandCount: () => number;
  /** Removes an entry. */
  readonly lose: (position: string) => void;
}

const namespace = "site";
export const stores = ["Redis", "a Durable Object"] as const;

export function openStore(store: (typeof stores)[number], clock: FakeClock): OutwardStore {
  const { nowAtMs } = clock;
  let count = 0;
  const randomText = () => `n${(count += 1)}`;
  if (store === "Redis") {
    const upstash = new FakeUpstash(clock);
    const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
    return {
      journal: new RedisJournal({ redis, namespace, nowAtMs, randomText }),
      subscribers: new RedisSubscribers({ redis, namespace, nowAtMs }),
      commandCount: () => upstash.journalCommands.length,
      lose: (position) =>
        upstash.journal.lay(upstash.journal.range([]).filter(([id]) => id !== position)),
    };
  }
  const object = new FakeObject();
  // The object itself reads the machine's clock.
  const stub: ObjectStub = {
    async fetch(url, { body }) {
      const call = new URL(url).pathname.slice(1) as JournalCall;
      return Response.json(
        object.started.reply(
          call,
          JSON.parse(typeof body === "string" ? body : "{}") as never,
          nowAtMs(),
        ),
      );
    },
  };
  const client = new ObjectClient({ stub: () => stub, nowAtMs });
  return {
    journal: new ObjectJournal({ client, nowAtMs, randomText }),
    subscribers: new ObjectSubscribers(client),
    commandCount: () => 0,
    lose: (position) => object.lose(position),
  };
}

export const secret = "kq7RwZ2mVx9TtB4nLc8Y";
export const dueAfterMs = 11_000;

/** Makes a target that gets one request per purge mode, with the selection as JSON. */
export function listTarget(
  options: TargetOptions & { readonly api?: Partial<TargetApi> } = {},
): OutwardTarget {
  const { api, ...others } = options;
  return makeTarget(
    { urls: "exact", tags: true, ...others },
    {
      credential: { noun: "token" },
      api: ([token]) => ({
        reach: { url: "exact", prefix: "text", anyHost: true, host: true, tag: () => true },
        limits: { requests: { burst: 10, perSecond: 1 } },
        softens: true,
        callsFor: (selection, mode) => [
          {
            method: "POST",
            url: "https://target.example/purge",
            headers: {},
            body: JSON.stringify({ mode, ...selection }),
            tokens: { requests: 1 },
          },
        ],
        sign: async (call) => ({
          ...call,
          headers: { ...call.headers, authorization: `${token}` },
        }),
        ...api,
      }),
    },
  );
}

export class OutwardWorld {
  readonly clock: FakeClock;
  readonly store: OutwardStore;
  readonly asked: OutwardAsked[] = [];
  readonly lines: LogLine[] = [];
  readonly counted: string[] = [];
  script: TargetScript = () => new Response("ok");
  readonly ports: OutwardPorts;

  constructor(store: (typeof stores)[number] = "Redis", clock = new FakeClock()) {
    this.clock = clock;
    this.store = openStore(store, clock);
    let count = 0;
    this.ports = {
      journal: this.store.journal,
      subscribers: this.store.subscribers,
      siteHosts: [],
      dueAfterMs,
      nowAtMs: clock.nowAtMs,
      random: () => 0.5,
      randomText: () => `text-${(count += 1)}`,
      fetch: async (url, init) => {
        const { method = "GET", headers, body } = init;
        const fields = headers as Record<string, string>;
        const asked = { method, url, headers: fields, body: typeof body === "string" ? body : "" };
        this.asked.push(asked);
        return this.script(asked, this.asked.length);
      },
      log: (line) => void this.lines.push(line),
      called: (target, outcome) => void this.counted.push(`${target} ${outcome}`),
      reset: (target, why) => void this.counted.push(`${target} everything: ${why}`),
    };
  }

  /** Opens a target whose cursor is at an older entry. */
  async opened(target: OutwardTarget, name = "edge") {
    await this.purge({ tags: ["tag:old"] });
    this.clock.advance(1_500);
    const open = target.open(name, { [`OUTWARD_SECRET_${name.toUpperCase()}`]: secret });
    await open.deliver(this.ports, { callsMax: 8, isForced: false });
    this.asked.length = 0;
    return {
      open,
      deliver: (isForced = false) => open.deliver(this.ports, { callsMax: 8, isForced }),
      /** Waits until all accepted purges are due, and delivers. */
      deliverDue: () => {
        this.clock.advance(dueAfterMs / 1_000);
        return open.deliver(this.ports, { callsMax: 8, isForced: false });
      },
      report: async () => {
        const report = await open.report(this.ports);
        if (report.kind === "unavailable") throw new Error("The journal is unavailable.");
        return report;
      },
    };
  }

  /** Appends an entry. @returns its position */
  async purge(changes: EntryChanges, more: Partial<NewEntry> = {}): Promise<string> {
    const appended = await this.store.journal.append([newEntry({ ...changes, ...more })]);
    if (appended.kind === "unavailable") throw new Error("The journal is unavailable.");
    return appended.places[0]?.position ?? "";
  }

  /** The bodies of the requests, as JSON. */
  get bodies(): unknown[] {
    return this.asked.map(({ body }) => JSON.parse(body) as unknown);
  }
}
