// The Durable Object of a journal in a simulated world. Calls and replies take time, calls arrive
// twice, and calls and replies are lost. The object restarts, and its clock is set back, but it loses no entry.
import type { JournalCall, JournalCalls } from "../../src/stores/durable-object/journal-calls.ts";
import type { ObjectClient } from "../../src/stores/durable-object/object-client.ts";
import { encodeEntry } from "../../src/purge/journal/entry.ts";
import type { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import type { RedisJournalSettings } from "../../src/stores/redis/journal/redis-journal.ts";
import { FakeObject } from "../fakes/fake-object.ts";
import { newEntry } from "../examples/purges.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import { simulatedHealth } from "./simulated-redis.ts";
import type { Parts, SimulatedIsolate } from "./simulated-isolate.ts";

const unavailable = { kind: "unavailable", cause: "timeout" } as const;

export class SimulatedObject {
  readonly #world: SimulatedWorld;
  readonly #object = new FakeObject();
  #burstCount = 0;

  readonly #Store: typeof ObjectJournal;

  constructor(world: SimulatedWorld, Store: typeof ObjectJournal) {
    this.#world = world;
    this.#Store = Store;
  }

  /** Replaces the journal of isolates. */
  readonly parts: Pick<Parts, "journal"> = {
    journal: (settings, isolate) => this.journalOf(settings, isolate),
  };

  journalOf(settings: RedisJournalSettings, isolate: SimulatedIsolate): ObjectJournal {
    return new this.#Store({ ...settings, client: this.#clientOf(isolate) });
  }

  /** Returns a function that draws a fault and causes it. */
  misfortunes(isolates: () => readonly SimulatedIsolate[], isTurnedBack: boolean): () => void {
    const world = this.#world;
    const faults = [
      () => {
        world.isRedisDown = !world.isRedisDown;
        world.tell(() => `The object is ${world.isRedisDown ? "down" : "up"}`);
      },
      () => {
        this.#object.end();
        world.recordObjects?.restart();
      },
      () => (world.serverBehindMs = world.any([-20_000, 0, 3_000, 20_000])),
      () => this.#burst(),
      () => this.#burst(),
    ];
    const setClock = () => world.any(isolates()).setClock(-world.between(1, 60_000));
    if (isTurnedBack) faults.push(setClock, setClock, setClock, setClock);
    return () => world.any(faults)();
  }

  /** Appends purges of other pages, up to twice as many as a small journal keeps. */
  #burst(): void {
    const { settings } = this.#world;
    const count = this.#world.between(1, Math.min(40, 2 * settings.keptCount));
    this.#world.tell(() => `${count} purges of other pages arrive`);
    for (let at = 0; at < count; at += 1) {
      const n = `elsewhere-${(this.#burstCount += 1)}`;
      const { n: _, ...fields } = encodeEntry(newEntry({ n, tags: ["tag:elsewhere"] }));
      const entry = {
        n,
        fields: Object.entries(fields).flat(),
        tags: ["tag:elsewhere"],
        prefixes: [],
      };
      const ask = { request: n, entries: [entry], keptCount: settings.keptCount };
      this.#reply("append", { ...ask, countMax: 0, charsMax: 0 });
    }
  }

  #clientOf({ redis }: SimulatedIsolate): ObjectClient {
    const trip = async <T>(_: string, run: (call: unknown) => Promise<T>) => {
      const world = this.#world;
      const { wayMs, lostShare } = world.settings;
      await world.sleep(world.between(0, wayMs));
      // A lost request leaves the object unchanged.
      if (world.isRedisDown || world.draw() < lostShare) {
        redis.failedCount += 1;
        return unavailable;
      }
      const value = await run(async (call: JournalCall, ask: JournalCalls[JournalCall][0]) => {
        const reply = this.#reply(call, ask);
        // A lost reply makes the client send the call again.
        return world.draw() < lostShare ? this.#reply(call, ask) : reply;
      });
      await world.sleep(world.between(0, wayMs));
      if (world.draw() >= lostShare) return { kind: "answered", value } as const;
      redis.failedCount += 1;
      return unavailable;
    };
    const remote = { attempt: trip, insist: trip, health: simulatedHealth };
    return { remote } as unknown as ObjectClient;
  }

  #reply<Call extends JournalCall>(call: Call, ask: JournalCalls[Call][0]): JournalCalls[Call][1] {
    const world = this.#world;
    const { started } = this.#object;
    const serverAtMs = Math.floor((world.atMs - world.serverBehindMs) / 1_000) * 1_000;
    const last = started.reply("shown", { count: 1 }, serverAtMs)[0]?.[0] ?? "0";
    const reply = started.reply(call, ask, serverAtMs);
    const added = started.reply("shown", { after: last, count: 1_000 }, serverAtMs);
    for (const [position, fields] of added) world.onAppended(position, fields);
    world.stream.appendedCount += added.length;
    return structuredClone(reply);
  }
}
