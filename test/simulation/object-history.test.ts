// Tests the bound of the purge protocol in random histories with the journal in a Durable Object, and
// that these histories find faults of the journal. Replay a history with
// `npm run bench -- simulation --object --replay <seed>`.
import { describe, expect, it } from "vitest";
import type { ManyWrite, RecordCall } from "../../src/stores/durable-object/framed-call.ts";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { RecordsClient, type Dispatch } from "../../src/stores/durable-object/records-client.ts";
import { shareOf } from "../../testing/histories.ts";
import { writeHistoryOf } from "../../testing/simulation/data/write-history.ts";
import type { History } from "../../testing/simulation/course.ts";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";

const journal = { Store: ObjectJournal };

describe("no purged response answers after its deadline, over a Durable Object", () => {
  it.each<WorldKind>(["ordinary", "trimming", "crossing", "turned-back", "failing", "resending"])(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) => historyOf(seed, { kind, ...journal });
      const { broken, usableCount } = await sumOf({ from: 11, count: shareOf(60) }, play);
      expect(broken).toEqual([]);
      // A view that lets no response answer would pass, too.
      expect(usableCount).toBeGreaterThan(0);
    },
  );
});

const inObjects = { ...journal, Records: RecordsClient };
const setHalf = { setShare: 0.5 };

describe("requests and data keep their promises with the journal in a Durable Object", () => {
  it.each<{ what: string; play: (seed: number, kind: WorldKind) => Promise<History> }>([
    { what: "requests", play: (seed, kind) => requestHistoryOf(seed, { kind, ...journal }) },
    { what: "data", play: (seed, kind) => writeHistoryOf(seed, { kind, ...journal }) },
    {
      what: "values that are set",
      play: (seed, kind) => writeHistoryOf(seed, { kind, ...journal, ...setHalf }),
    },
    {
      what: "requests, and records in objects",
      play: (seed, kind) => requestHistoryOf(seed, { kind, ...inObjects }),
    },
    {
      what: "data, and records in objects",
      play: (seed, kind) => writeHistoryOf(seed, { kind, ...inObjects }),
    },
    {
      what: "values that are set, and records in objects",
      play: (seed, kind) => writeHistoryOf(seed, { kind, ...inObjects, ...setHalf }),
    },
  ])("in random histories: $what", async ({ play }) => {
    let usableCount = 0;
    for (const kind of ["ordinary", "trimming", "turned-back"] as const) {
      const sum = await sumOf({ from: 1, count: shareOf(20) }, (seed) => play(seed, kind));
      expect(sum.broken).toEqual([]);
      usableCount += sum.usableCount;
    }
    expect(usableCount).toBeGreaterThan(0);
  });
});

describe("many isolates", () => {
  it("use no purged response after its deadline, over one Durable Object", async () => {
    const play = (seed: number) => historyOf(seed, { ...journal, isolateCount: 60 });
    const { broken, usableCount } = await sumOf({ from: 7, count: shareOf(8) }, play);
    expect(broken).toEqual([]);
    expect(usableCount).toBeGreaterThan(0);
  });
});

class Skipping extends ObjectJournal {
  override async since(...given: Parameters<ObjectJournal["since"]>) {
    const read = await super.since(...given);
    return read.kind === "read" ? { ...read, entries: read.entries.slice(1) } : read;
  }
}

class Unnamed extends ObjectJournal {
  override async epochs(range: Parameters<ObjectJournal["epochs"]>[0]) {
    const read = await super.epochs(range);
    if (read.kind !== "read") return read;
    const epochs = read.epochs.map(
      (epoch) =>
        epoch && { ...epoch, names: epoch.names.replaceAll(/(?<=^.{8}.*)[^,]+(?=,)/g, "") },
    );
    return { ...read, epochs };
  }
}

class Unconfirmed extends ObjectJournal {
  override async append(...[entries]: Parameters<ObjectJournal["append"]>) {
    const appended = await super.append(entries);
    const places = entries.map(({ n }) => ({ position: "1-1", n }));
    return appended.kind === "appended" ? appended : { kind: "appended" as const, places };
  }
}

class DatedLate extends ObjectJournal {
  override async since(...given: Parameters<ObjectJournal["since"]>) {
    const read = await super.since(...given);
    return read.kind === "read" ? { ...read, sentAtMs: read.sentAtMs + 3_000 } : read;
  }
}

describe("histories over a Durable Object find a fault", () => {
  it.each<[string, typeof ObjectJournal, WorldKind, from: number]>([
    ["a read skips an entry", Skipping, "ordinary", 3],
    ["an epoch lacks names", Unnamed, "trimming", 3],
    ["an unconfirmed purge is accepted", Unconfirmed, "ordinary", 45],
    ["a read is dated too late", DatedLate, "crossing", 21],
  ])("%s", async (_, Store, kind, from) => {
    const play = (seed: number) => historyOf(seed, { kind, Store });
    const sound = (seed: number) => historyOf(seed, { kind, ...journal });
    expect(await firstBroken({ from, count: 600 }, play, sound)).toBeDefined();
  });
});

/** Changes what each record of a write says about newer records. */
function changing(change: (record: ManyWrite) => ManyWrite["unless"]): typeof RecordsClient {
  return class extends RecordsClient {
    override send<Call extends RecordCall>(sending: Dispatch<Call>) {
      if (sending.call !== "writeMany") return super.send(sending);
      const { records } = sending.ask as { readonly records: readonly ManyWrite[] };
      const changed = records.map((record) => Object.assign(record, { unless: change(record) }));
      return super.send({ ...sending, ask: { records: changed } });
    }
  };
}

class Repeating extends RecordsClient {
  override send<Call extends RecordCall>(sending: Dispatch<Call>) {
    return super.send({ ...sending, mayRepeat: true });
  }
}

describe("histories of sets with records in objects find a fault", () => {
  it.each<{ fault: string; Records: typeof RecordsClient; from: number }>([
    { fault: "a set is sent again", Records: Repeating, from: 1_069 },
    { fault: "an object replaces any record", Records: changing(() => undefined), from: 105 },
    {
      fault: "a load replaces a value with an equal stamp",
      Records: changing(({ unless }) => unless && { ...unless, kind: "set" }),
      from: 105,
    },
  ])("$fault", async ({ Records, from }) => {
    const sound = { ...inObjects, setShare: 0.9 };
    const play = (options: object) => (seed: number) =>
      writeHistoryOf(seed, { ...sound, ...options });
    expect(await firstBroken({ from, count: 300 }, play({ Records }), play({}))).toBeDefined();
  });
});
