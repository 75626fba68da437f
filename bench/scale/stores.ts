// The mixes of stores of a played site, in this process. Redis is a counting fake. Durable Objects
// run their own classes over SQLite.
import { unreachable } from "../../src/base/unreachable.ts";
import {
  durableObjectJournal,
  durableObjects,
  type Stores,
  TidemarkRecords,
} from "../../src/cloudflare.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { upstash } from "../../src/upstash.ts";
import type { PlayedTime } from "./played-time.ts";

export const mixes = [
  "all in Redis",
  "records in Redis, journal in a Durable Object",
  "records and journal in Durable Objects",
] as const;
export type MixName = (typeof mixes)[number];

/** The calls of the stores outside of the isolates. */
export interface StoreCalls {
  readonly redisCommands: number;
  /** Reads of epochs, and first reads of the journal. */
  readonly epochReads: number;
  /** The calls of each object that stores records. */
  readonly recordObjects: readonly number[];
  /** The rows of records that these objects have written, without deletions. */
  readonly recordRows: number;
}

/** The settings with which an isolate of a mix is created. */
interface MixInCode {
  readonly env: Readonly<Record<string, unknown>>;
  readonly stores: Stores;
}

export interface MixedStores extends MixInCode {
  readonly calls: () => StoreCalls;
}

/** The fake of Upstash at a distance of played time. */
class DistantUpstash extends FakeUpstash {
  readonly #time: PlayedTime;
  readonly #roundTripMs: number;

  constructor(time: PlayedTime, roundTripMs: number) {
    super(time);
    this.#time = time;
    this.#roundTripMs = roundTripMs;
  }

  override async answer(path: string, body: unknown): Promise<Response> {
    if (this.#roundTripMs > 0) await this.#time.sleep(this.#roundTripMs);
    return super.answer(path, body);
  }
}

/**
 * @param objects the number of objects that store records, if the mix has them
 * @param roundTripMs the duration of each call in played time
 */
export function openStores(
  mix: MixName,
  time: PlayedTime,
  objects: number,
  roundTripMs = 0,
): MixedStores {
  const distant = <Kind extends { beforeCall: unknown }>(object: Kind): Kind =>
    roundTripMs > 0 ? Object.assign(object, { beforeCall: () => time.sleep(roundTripMs) }) : object;
  const journalObject = distant(new FakeObject());
  const redis = new DistantUpstash(time, roundTripMs);
  const records = new Map<string, FakeObject<TidemarkRecords>>();
  const recordsNamed = (name: string) => {
    const known =
      records.get(name) ?? distant(new FakeObject((state) => new TidemarkRecords(state)));
    records.set(name, known);
    return known;
  };
  const inCode = mixInCode(mix, {
    redis: redis.env,
    journal: { JOURNAL: journalObject.namespace },
    records: {
      RECORDS: {
        idFromName: (name: string) => ({ toString: () => name }),
        get: (id: { toString: () => string }) => recordsNamed(id.toString()).stub,
      },
    },
    objects,
  });
  return {
    ...inCode,
    calls: () => ({
      redisCommands: commandsOf(redis),
      epochReads:
        countOf(journalObject.calls, ["epochs"]) +
        countOf(redis.journalCommands, ["EVAL_RO", "HMGET"]),
      recordObjects: Array.from(records.values(), ({ calls }) => calls.length),
      recordRows: [...records.values()].reduce((sum, one) => sum + writesIn(one.statements), 0),
    }),
  };
}

interface Bindings {
  readonly redis: object;
  readonly journal: object;
  readonly records: object;
  readonly objects: number;
}

function mixInCode(mix: MixName, { redis, journal, records, objects }: Bindings): MixInCode {
  const inObject = { journal: durableObjectJournal() };
  switch (mix) {
    case "all in Redis":
      return { env: { ...redis }, stores: upstash() };
    case "records in Redis, journal in a Durable Object":
      return { env: { ...redis, ...journal }, stores: { ...upstash(), ...inObject } };
    case "records and journal in Durable Objects":
      return {
        env: { ...journal, ...records },
        stores: durableObjects({ records: { objects } }),
      };
    default:
      return unreachable(mix);
  }
}

const countOf = (names: readonly string[], counted: readonly string[]): number =>
  names.filter((name) => counted.includes(name)).length;

const writesIn = (statements: readonly string[]): number =>
  statements.filter((statement) => statement.startsWith("INSERT INTO records")).length;

function commandsOf(redis: FakeUpstash): number {
  const { commands, journalCommands, lockCommands, roomCommands, hotCommands } = redis;
  return [commands, journalCommands, lockCommands, roomCommands, hotCommands].reduce(
    (sum, { length }) => sum + length,
    0,
  );
}
