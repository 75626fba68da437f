// The contract of `Tier`: tests that each implementation must pass.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FieldLine } from "../../../../src/rules/fields.ts";
import { RecordKey } from "../../../../src/cache/record/record-key.ts";
import { arrivingResponse } from "./arriving.ts";
import {
  bodyRows,
  fieldRows,
  instantRows,
  keepRows,
  keyRows,
  lengthRows,
  marker,
  nextPage,
  page,
  replaceRows,
} from "./contract-rows.ts";
import {
  ask,
  bytesOf,
  keep,
  look,
  metadataOf,
  noise,
  responseOf,
  shown,
  withBody,
} from "../../../../testing/examples/records.ts";
import type { ResponseRecord, ResponseTier } from "../../../../src/pages/stored/stored-response.ts";
import { restamp } from "../../../../src/cache/record/record.ts";
import { unknownValue } from "../../../../src/rules/selecting.ts";

export interface OpenTier {
  readonly tier: ResponseTier;
  /** A larger body is refused. */
  readonly bodyBytesMax: number;
  readonly takesStreams: boolean;
  /** A record with a shorter duration is refused. The default is 0. */
  readonly keepMsMin?: number;
  /** The largest record of its kind that the tier stores. */
  readonly largest: ResponseRecord;
  /** The same record with one byte more; absent if the tier stores records of any size. */
  readonly tooLarge?: ResponseRecord;
  /** How often the tier has reported a bad record. It must never report its own records. */
  readonly badRecordCount: () => number;
}

/** A tier of all colos. It also stores data. */
export interface OpenSharedTier extends OpenTier {
  /** A tier whose store rejects every call. */
  readonly failing: ResponseTier;
}

const host = "a.example:8443";

/** Describes a tier of all colos, whose store is remote and whose writers race. */
export function describeSharedTier(
  implementation: string,
  open: () => Promise<OpenSharedTier>,
): void {
  describeTier(implementation, open);

  describe(`a shared tier: ${implementation}`, () => {
    it("is unavailable, and never throws, while its store rejects every call", async () => {
      const { failing } = await open();
      const key = new RecordKey("GET https://a.example/failing", host);
      const results = [
        await failing.read(key, ask),
        await failing.read(key, { ...ask, part: "metadata", isPeek: true }),
        await failing.write(key, page, keep),
      ];
      expect(results.map(({ kind }) => kind)).toEqual(Array(3).fill("unavailable"));
      expect(await failing.remove(key)).toBe("unavailable");
    });

    it.each([
      ["load", "never"],
      ["load", "before"],
      ["load", "during"],
      ["set", "never"],
      ["set", "during"],
    ] as const)(
      "keeps the record of a later request if a %s ends after it, and is verified %s its write (rules 27 b, 28 c)",
      async (kind, verified) => {
        const { tier } = await open();
        const key = new RecordKey(`GET https://a.example/newer-${kind}-${verified}`, host);
        const stampOf = (position: string) => ({ position, n: `n-of-${position}` });
        const later = { requestedAtMs: keep.atMs, respondedAtMs: keep.atMs };
        const newer = responseOf(bytesOf("newer"), { ...later, stamp: stampOf("9-2") });
        const earlier = { requestedAtMs: keep.atMs - 1_000, respondedAtMs: keep.atMs };
        const older = responseOf(bytesOf("older"), { ...earlier, stamp: stampOf("9-1") });
        await tier.write(key, newer, keep);
        const verify = () => restamp(older.stored.metadata, stampOf("9-3"));
        if (verified === "before") verify();
        const writing = tier.write(key, older, { ...keep, unlessNewer: { kind } });
        if (verified === "during") verify();
        expect(await writing).toEqual({ kind: "refused", rule: "newer" });
        expect(await look(tier, key, ask)).toEqual(shown(newer, bytesOf("newer")));
        const again = await tier.write(key, newer, { ...keep, unlessNewer: { kind } });
        expect(again.kind).not.toBe("unavailable");
      },
    );

    it("replaces a load that was verified before its write by a set since the load (rule 27 b)", async () => {
      const { tier } = await open();
      const key = new RecordKey("GET https://a.example/verified", host);
      const stampOf = (position: string) => ({ position, n: `n-of-${position}` });
      const unlessNewer = (kind: "load" | "set") => ({ ...keep, unlessNewer: { kind } });
      const loaded = responseOf(bytesOf("loaded"), { stamp: stampOf("9-1") });
      restamp(loaded.stored.metadata, stampOf("9-3"));
      await tier.write(key, loaded, unlessNewer("load"));
      const set = responseOf(bytesOf("set"), { stamp: stampOf("9-2") });
      expect(await tier.write(key, set, unlessNewer("set"))).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(set, bytesOf("set")));
    });
  });
}

/**
 * @param open is called before each test. It may return the same tier, because each test has its
 *   own keys
 */
export function describeTier(implementation: string, open: () => Promise<OpenTier>): void {
  describe(`a tier: ${implementation}`, () => {
    let opened: OpenTier;
    let tier: ResponseTier;
    let keyCount = 0;
    const newKey = (under = "GET https://a.example/"): RecordKey => {
      keyCount += 1;
      return new RecordKey(`${under} ${keyCount}`, host);
    };

    beforeEach(async () => {
      opened = await open();
      tier = opened.tier;
    });

    // The tier must never report a record that it wrote itself as bad.
    afterEach(() => {
      expect(opened.badRecordCount()).toBe(0);
    });

    it("has no record for a key that was never written", async () => {
      expect(await tier.read(newKey(), ask)).toEqual({ kind: "absent" });
    });

    it.each(fieldRows)("reads back $id", async ({ fields }) => {
      const key = newKey();
      const record = responseOf(bytesOf("body"), { fields });
      expect(await tier.write(key, record, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(record, bytesOf("body")));
    });

    it("has no record after its removal, and accepts a new record", async () => {
      const key = newKey();
      const record = responseOf(bytesOf("old"));
      await tier.write(key, record, keep);
      await tier.remove(key);
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      await tier.remove(key);
      await tier.write(key, responseOf(bytesOf("new")), keep);
      expect((await tier.read(key, ask)).kind).toBe("found");
    });

    it("has none of several records that were removed at once", async () => {
      const keys = Array.from({ length: 4 }, () => newKey());
      for (const key of keys) await tier.write(key, page, keep);
      await Promise.all(keys.map(async (key) => tier.remove(key)));
      for (const key of keys) expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    });

    it("reads a new record if the read must use the primary", async () => {
      const key = newKey();
      await tier.write(key, page, keep);
      const read = await look(tier, key, { ...ask, atPrimary: true });
      expect(read).toEqual(shown(page, bytesOf("first")));
      const other = await tier.read(newKey(), { ...ask, atPrimary: true, part: "metadata" });
      expect(other).toEqual({ kind: "absent" });
    });

    it("reads back every other part of the metadata", async () => {
      const key = newKey();
      const bytes = bytesOf("Nicht gefunden: Größe");
      const record = responseOf(bytes, {
        status: 404,
        statusText: "Not Found",
        requestedAtMs: 1_764_547_200_000.5,
        selecting: [
          ["accept-language", unknownValue],
          ["x-size", unknownValue],
        ],
        tags: ["größe", "漢字", ""],
        stamp: "none",
        colo: "",
        fillCostMs: 0,
      });
      expect(await tier.write(key, record, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(record, bytes));
    });

    it.each(bodyRows)(
      "returns a body byte for byte if it is not too large: $id",
      async ({ encoding, bytes }) => {
        const key = newKey();
        const fields: FieldLine[] = encoding === "" ? [] : [["content-encoding", encoding]];
        const record = responseOf(bytes, { fields });
        const fits = bytes.byteLength <= opened.bodyBytesMax;
        expect(await tier.write(key, record, keep)).toEqual(
          fits ? { kind: "kept" } : { kind: "refused", rule: "too-large" },
        );
        expect(await look(tier, key, ask)).toEqual(
          fits ? shown(record, bytes) : { kind: "absent" },
        );
      },
    );

    it.each(instantRows)("$id", async ({ atMs, kind }) => {
      const key = newKey();
      expect(await tier.write(key, page, keep)).toEqual({ kind: "kept" });
      expect((await look(tier, key, { ...ask, atMs })).kind).toBe(kind);
    });

    it.each(keepRows)(
      "stores a record only for a positive duration: $id",
      async ({ keptMs, written, read }) => {
        const key = newKey();
        const given = {
          ...keep,
          untilAtMs: keep.atMs + (keptMs > 0 ? Math.max(keptMs, opened.keepMsMin ?? 0) : keptMs),
        };
        expect(await tier.write(key, page, given)).toEqual(written);
        expect((await look(tier, key, { ...ask, atMs: keep.atMs })).kind).toBe(read);
      },
    );

    it("keeps a record for decades", async () => {
      const key = newKey();
      const given = { ...keep, atMs: Date.UTC(2026, 0, 1) };
      expect(await tier.write(key, page, given)).toEqual({ kind: "kept" });
      expect((await look(tier, key, ask)).kind).toBe("response");
    });

    it.each(replaceRows)("replaces $id", async ({ records }) => {
      const key = newKey();
      for (const record of records) {
        expect(await tier.write(key, record, keep)).toEqual({ kind: "kept" });
      }
      const last = records.at(-1);
      expect(await look(tier, key, ask)).toEqual(
        last?.kind === "response" ? shown(last, await bodyOf(last)) : last,
      );
    });

    it.each(["unchanged", "new"] as const)(
      "freshens metadata with a body that is %s",
      async (body) => {
        const key = newKey();
        const freshened = responseOf(bytesOf("first"), { fields: [["date", "later"]] });
        await tier.write(key, page, keep);
        await look(tier, key, ask);
        expect(await tier.write(key, freshened, { ...keep, body })).toEqual({ kind: "kept" });
        expect(await look(tier, key, ask)).toEqual(shown(freshened, bytesOf("first")));
      },
    );

    it.each([
      { id: "nothing", before: undefined },
      { id: "another body", before: nextPage },
      { id: "a marker", before: marker },
    ])("writes a body that is marked as unchanged in place of $id", async ({ before }) => {
      const key = newKey();
      if (before !== undefined) await tier.write(key, before, keep);
      expect(await tier.write(key, page, { ...keep, body: "unchanged" })).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("first")));
    });

    it.each(keyRows)("distinguishes keys that contain $id", async ({ key: under }) => {
      const [key, other] = [newKey(under), newKey(under)];
      expect(await tier.write(key, page, keep)).toEqual({ kind: "kept" });
      expect(await tier.read(other, ask)).toEqual({ kind: "absent" });
      expect(await tier.write(other, nextPage, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("first")));
      expect(await look(tier, new RecordKey(other.text, host), ask)).toEqual(
        shown(nextPage, bytesOf("the second page")),
      );
    });

    it("keeps the largest record", async () => {
      const key = newKey();
      expect(await tier.write(key, opened.largest, keep)).toEqual({ kind: "kept" });
      expect((await look(tier, key, ask)).kind).toBe("response");
    });

    it("refuses a record with one byte more, and then has no record", async () => {
      const key = newKey();
      if (opened.tooLarge === undefined) return;
      expect(await tier.write(key, opened.tooLarge, keep)).toEqual({
        kind: "refused",
        rule: "too-large",
      });
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    });

    it.each(lengthRows)("keeps or refuses an arriving body $id", async ({ bodyBytes }) => {
      const key = newKey();
      const metadata = metadataOf(bytesOf("abcdef"), { bodyBytes, bodyDigest: null });
      const { arriving, hasEnded } = arrivingResponse(metadata, ["abc", "d", "ef"]);
      const written = await tier.write(key, arriving, keep);
      // The body was read to its end or cancelled, so nothing waits for this tier any longer.
      expect(hasEnded()).toBe(true);
      const whole = withBody({ ...metadata, bodyBytes: 6 }, { kind: "absent" });
      expect([written, await look(tier, key, ask)]).toEqual(
        opened.takesStreams
          ? [{ kind: "kept" }, shown(whole, bytesOf("abcdef"))]
          : [{ kind: "refused", rule: "arriving" }, { kind: "absent" }],
      );
    });

    it.each(lengthRows)("stores nothing of an arriving body $id that breaks off", async (row) => {
      const key = newKey();
      const metadata = metadataOf(bytesOf("abcdef"), { ...row, bodyDigest: null });
      const { arriving } = arrivingResponse(metadata, ["abc", new Error("cut")]);
      expect((await tier.write(key, arriving, keep)).kind).not.toBe("kept");
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    });

    it("refuses an arriving body that would have expired", async () => {
      const key = newKey();
      const { arriving, hasEnded } = arrivingResponse(page.stored.metadata, ["first"]);
      const given = { ...keep, untilAtMs: keep.atMs };
      expect((await tier.write(key, arriving, given)).kind).toBe("refused");
      expect(hasEnded()).toBe(true);
      expect(await tier.read(key, { ...ask, atMs: keep.atMs })).toEqual({ kind: "absent" });
    });

    it("refuses a response whose body was never read", async () => {
      const key = newKey();
      const record = withBody(page.stored.metadata, { kind: "absent" });
      expect(await tier.write(key, record, keep)).toEqual({ kind: "refused", rule: "arriving" });
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
    });

    it.each([
      { id: "a small body", record: page },
      { id: "a large body", record: responseOf(noise(100_000)) },
    ])(
      "returns at least the metadata if only metadata is requested, with $id",
      async ({ record }) => {
        const key = newKey();
        await tier.write(key, record, keep);
        const read = await tier.read(key, { ...ask, part: "metadata" });
        const { metadata } = record.stored;
        expect(read).toMatchObject({
          kind: "found",
          record: { kind: "response", stored: { metadata } },
        });
      },
    );

    it("returns the current metadata if only metadata is requested repeatedly", async () => {
      const key = newKey();
      const lookAtMetadata = async () => {
        const read = await tier.read(key, { ...ask, part: "metadata" });
        if (read.kind !== "found" || read.record.kind !== "response") return read.kind;
        return read.record.stored.metadata;
      };
      await tier.write(key, page, keep);
      expect([await lookAtMetadata(), await lookAtMetadata()]).toEqual([
        page.stored.metadata,
        page.stored.metadata,
      ]);
      const other = responseOf(bytesOf("other"), { tags: ["other"] });
      await tier.write(key, other, keep);
      expect([await lookAtMetadata(), await lookAtMetadata()]).toEqual([
        other.stored.metadata,
        other.stored.metadata,
      ]);
      await tier.remove(key);
      expect(await lookAtMetadata()).toBe("absent");
    });

    it("returns the body after requests for only the metadata", async () => {
      const key = newKey();
      await tier.write(key, page, keep);
      await tier.read(key, { ...ask, part: "metadata" });
      await tier.read(key, { ...ask, part: "metadata" });
      expect(await look(tier, key, ask)).toEqual(shown(page, await bodyOf(page)));
    });

    it("returns a whole marker if only metadata is requested", async () => {
      const key = newKey();
      await tier.write(key, marker, keep);
      const read = await tier.read(key, { ...ask, part: "metadata" });
      expect(read).toEqual({ kind: "found", record: marker });
    });
  });
}

async function bodyOf(record: ResponseRecord): Promise<Uint8Array> {
  if (record.kind !== "response" || record.stored.body.kind !== "blob") {
    throw new Error("The rows must have whole bodies.");
  }
  return new Uint8Array(await record.stored.body.blob.arrayBuffer());
}
