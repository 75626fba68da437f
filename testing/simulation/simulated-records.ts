// The Durable Objects of the records in a simulated world. Calls and replies take time and are lost, and
// a call whose connection broke may still arrive later, after its repetition. The objects restart.
import type { RecordForm } from "../../src/cache/tiers/record-form.ts";
import type { ObjectStub } from "../../src/stores/durable-object/object-client.ts";
import { ObjectTier } from "../../src/stores/durable-object/object-tier.ts";
import { RecordsClient, type Target } from "../../src/stores/durable-object/records-client.ts";
import { TidemarkRecords } from "../../src/stores/durable-object/tidemark-records.ts";
import { Spread } from "../../src/stores/spread.ts";
import { FakeObject } from "../fakes/fake-object.ts";
import type { RecordObjects, SimulatedWorld } from "./journal-simulator.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

/** A call may arrive this long after its connection broke, also after the timeout of a write. */
const lateMsMax = 8_000;

export type RecordsMaker = new (
  ...given: ConstructorParameters<typeof RecordsClient>
) => RecordsClient;

export class SimulatedRecords implements RecordObjects {
  readonly #world: SimulatedWorld;
  readonly #objects = [0, 1].map(() => new FakeObject((state) => new TidemarkRecords(state)));
  readonly #Client: RecordsMaker;

  /** @param Client the class of the clients, which a test may replace with a fault */
  constructor(world: SimulatedWorld, Client: RecordsMaker = RecordsClient) {
    this.#world = world;
    this.#Client = Client;
  }

  tierOf<Detail>({ nowAtMs }: { readonly nowAtMs: () => number }, form: RecordForm<Detail>) {
    const world = this.#world;
    const [first, second] = this.#objects.map((object): readonly [string, Target] => {
      const stub = this.#stubOf(object);
      return [`object ${this.#objects.indexOf(object)}`, () => stub];
    });
    const spread = new Spread([first!, second!], nameSecret);
    const log = () => undefined;
    const client = new this.#Client({ spread, nowAtMs, log });
    const ofAny = { form, namespace: "site", nowAtMs, onBadRecord: () => undefined, log };
    const randomText = () => String(world.between(0, 1e9));
    return new ObjectTier<Detail>({ ...ofAny, client, randomText });
  }

  /** Restarts an object. Its storage stays. */
  restart(): void {
    this.#world.any(this.#objects).end();
  }

  #stubOf(object: FakeObject<TidemarkRecords>): ObjectStub {
    const world = this.#world;
    const { wayMs, lostShare } = world.settings;
    const way = () => world.sleep(world.between(0, world.draw() < 0.1 ? 2 * wayMs : wayMs / 8));
    const lost = () => new Error("Network connection lost.");
    const run = (call: string, bytes: ArrayBuffer) => {
      const serverAtMs = world.atMs - world.serverBehindMs;
      return object.started.answer(call, bytes, serverAtMs);
    };
    return {
      fetch: async (url, { body }) => {
        const call = new URL(url).pathname.slice(1);
        const bytes = body as ArrayBuffer;
        await way();
        if (world.isRedisDown) throw lost();
        if (world.draw() < 2 * lostShare) {
          if (world.draw() < 0.5) {
            void world.sleep(world.between(0, lateMsMax)).then(() => run(call, bytes));
            world.tell(() => `  the call ${call} arrives late`);
          }
          throw lost();
        }
        const reply = await run(call, bytes);
        await way();
        if (world.draw() < lostShare) throw lost();
        return reply;
      },
    };
  }
}
