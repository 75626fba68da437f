// The shared tier and the leases over several databases. A failure of one database concerns only
// its share of the keys, because each database has its own client and circuit breaker.
import type { LeaseAnswer, Leases, LeaseWord } from "../../cache/tiers/lease.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { ListingBounds, RecordList } from "../../cache/tiers/listing.ts";
import type {
  RecordHead,
  Tier,
  TierAsk,
  TierFill,
  TierKeep,
  TierRead,
  TierRecord,
  TierRemoval,
  TierWrite,
} from "../../cache/tiers/tier.ts";
import type { SharedTier } from "./shared-tier.ts";
import type { Spread } from "../spread.ts";

export class SpreadTier<Detail> implements Tier<Detail> {
  readonly name = "shared";
  readonly arrivingBytesMax = 0;
  readonly #spread: Spread<SharedTier<Detail>>;

  constructor(spread: Spread<SharedTier<Detail>>) {
    this.#spread = spread;
  }

  /** Whether all databases are shut off. */
  get isShutOff(): boolean {
    return this.#spread.parts.every((tier) => tier.isShutOff);
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    return (await this.#spread.of(key)).read(key, ask);
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    return (await this.#spread.of(key)).write(key, record, keep);
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    return (await this.#spread.of(key)).remove(key);
  }

  /** Reads whole records with one command for each database. */
  readMany(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]> {
    return this.#each(
      keys,
      (key) => key,
      (tier, some) => tier.readMany(some, ask),
    );
  }

  writeMany(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]> {
    return this.#each(
      records,
      ([key]) => key,
      (tier, some) => tier.writeMany(some),
    );
  }

  async listedAt(
    keys: readonly RecordKey[],
  ): Promise<readonly (RecordHead<Detail> | undefined)[] | "unavailable"> {
    let isUnavailable = false;
    const heads = await this.#each(
      keys,
      (key) => key,
      async (tier, some) => {
        const listed = await tier.listedAt(some);
        if (listed !== "unavailable") return listed;
        isUnavailable = true;
        return some.map(() => undefined);
      },
    );
    return isUnavailable ? "unavailable" : heads;
  }

  /** Lists the records of all databases. Each database gets an equal part of the commands. */
  async listed({
    recordsMax,
    commandsMax,
  }: ListingBounds): Promise<RecordList<Detail> | "unavailable"> {
    const { parts } = this.#spread;
    const bounds = { recordsMax, commandsMax: Math.floor(commandsMax / parts.length) };
    const lists = await Promise.all(parts.map((tier) => tier.listed(bounds)));
    const found = lists.filter((list) => list !== "unavailable");
    if (found.length < lists.length) return "unavailable";
    const metadata = found.flatMap((list) => list.metadata);
    const leftOut = found.map((list) => list.leftOut).find((limit) => limit !== undefined);
    if (metadata.length <= recordsMax) return { metadata, leftOut };
    return { metadata: metadata.slice(0, recordsMax), leftOut: leftOut ?? "records" };
  }

  /** Runs a call for each database with its share of the items. Keeps the order of the results. */
  async #each<Item, Result>(
    items: readonly Item[],
    keyOf: (item: Item) => RecordKey,
    run: (tier: SharedTier<Detail>, some: readonly Item[]) => Promise<readonly Result[]>,
  ): Promise<readonly Result[]> {
    const groups = await this.#spread.grouped(items.map(keyOf));
    const runs = [...groups].map(async ([tier, places]) => {
      const answers = await run(
        tier,
        items.filter((_, at) => places.includes(at)),
      );
      return answers.map((answer, nth) => [places[nth] ?? 0, answer] as const);
    });
    const results = (await Promise.all(runs)).flat();
    return results.toSorted(([one], [other]) => one - other).map(([, answer]) => answer);
  }
}

export class SpreadLeases<Head> implements Leases<Head> {
  readonly #spread: Spread<Leases<Head>>;

  constructor(spread: Spread<Leases<Head>>) {
    this.#spread = spread;
  }

  async ask(key: RecordKey): Promise<LeaseAnswer<Head>> {
    return (await this.#spread.of(key)).ask(key);
  }

  async takeOver(key: RecordKey, word: LeaseWord) {
    return (await this.#spread.of(key)).takeOver(key, word);
  }
}
