// The contract of `Locks`: tests that each implementation must pass.
import { beforeEach, describe, expect, it } from "vitest";
import { type Locks, type LockWord, wordMs } from "../../../src/cache/tiers/lock.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { ResponseHead, ResponseTier } from "../../../src/pages/stored/stored-response.ts";
import { bytesOf, keep, responseOf } from "../../../testing/examples/records.ts";

interface OpenLocks {
  readonly locks: Locks<ResponseHead>;
  /** The tier whose record `ask` also returns. */
  readonly shared: Pick<ResponseTier, "write">;
  /** Ends the lock of a key, as if it had expired. */
  readonly end: (key: RecordKey) => Promise<unknown>;
  /** Makes the store fail from now on. */
  readonly goDown: () => unknown;
}

/**
 * @param open is called before each test. It may return the same store, because each test has its
 *   own keys
 */
export function describeLocks(implementation: string, open: () => Promise<OpenLocks>): void {
  describe(`a lock of ${implementation}`, () => {
    let opened: OpenLocks;
    let locks: OpenLocks["locks"];
    let key: RecordKey;
    let keyCount = 0;
    const newKey = () => new RecordKey(`GET https://a.example/${(keyCount += 1)}`, "a.example");

    beforeEach(async () => {
      opened = await open();
      ({ locks } = opened);
      key = newKey();
    });

    const taken = async () => {
      const asked = await locks.ask(key);
      if (asked.kind !== "taken") throw new Error(`The lock was ${asked.kind}.`);
      return asked.lock;
    };

    it("has one holder, however many ask at once", async () => {
      const asked = await Promise.all(Array.from({ length: 10 }, () => locks.ask(key)));
      const kinds = asked.map(({ kind }) => kind).toSorted();
      expect(kinds).toEqual([...Array.from({ length: 9 }, () => "held"), "taken"]);
    });

    it("is separate for each key", async () => {
      await taken();
      expect((await locks.ask(newKey())).kind).toBe("taken");
    });

    it("is held while its holder renews it, and free once it is released", async () => {
      const lock = await taken();
      await lock.renew();
      expect((await locks.ask(key)).kind).toBe("held");
      await lock.release();
      expect((await locks.ask(key)).kind).toBe("taken");
    });

    it("is not released by a holder whose lock has expired", async () => {
      const late = await taken();
      await opened.end(key);
      const lock = await taken();
      await late.renew();
      await late.release("timeout");
      expect((await locks.ask(key)).kind).toBe("held");
      await lock.release("unreachable");
      expect(await locks.ask(key)).toMatchObject({ kind: "told", word: "unreachable" });
    });

    it.each(Object.keys(wordMs) as LockWord[])(
      "leaves its word for all who ask later: %s",
      async (word) => {
        await (await taken()).release(word);
        const told = { kind: "told", word, record: undefined };
        expect([await locks.ask(key), await locks.ask(key)]).toEqual([told, told]);
      },
    );

    it("is taken over by exactly one of those who read its word", async () => {
      await (await taken()).release("lead-anonymously");
      expect(await locks.takeOver(key, "uncacheable")).toBe(undefined);
      const tries = [1, 2, 3].map(() => locks.takeOver(key, "lead-anonymously"));
      const got = (await Promise.all(tries)).filter((lock) => lock !== undefined);
      expect(got).toHaveLength(1);
      expect((await locks.ask(key)).kind).toBe("held");
      await got[0]?.release();
      expect((await locks.ask(key)).kind).toBe("taken");
    });

    it("is not taken over if it has no word", async () => {
      expect(await locks.takeOver(key, "timeout")).toBe(undefined);
      await taken();
      expect(await locks.takeOver(key, "timeout")).toBe(undefined);
    });

    it.each([
      { id: "usual metadata", fields: [] },
      { id: "long metadata", fields: [["x-long", "p".repeat(5_000)]] },
    ] as const)("is returned with the record in the shared tier: $id", async ({ fields }) => {
      const record = responseOf(bytesOf("page"), { fields });
      expect(await opened.shared.write(key, record, keep)).toEqual({ kind: "kept" });
      const shown = { record: { kind: "response", metadata: record.stored.metadata } };
      const first = await locks.ask(key);
      expect(first).toMatchObject({ kind: "taken", ...shown });
      expect(await locks.ask(key)).toMatchObject({ kind: "held", ...shown });
      if (first.kind === "taken") await first.lock.release("timeout");
      expect(await locks.ask(key)).toMatchObject({ kind: "told", ...shown });
    });

    it("is unavailable while its store fails, and no call rejects", async () => {
      const lock = await taken();
      await opened.goDown();
      expect(await locks.ask(key)).toMatchObject({ kind: "unavailable" });
      expect(await locks.takeOver(key, "timeout")).toBe(undefined);
      expect([await lock.renew(), await lock.release("timeout")]).toEqual([undefined, undefined]);
    });
  });
}
