// The promises of a Tier, as rows. Each implementation is put through all of them.
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FieldLine, StoredMetadata } from "../../src/http/stored-response.ts";
import { RecordKey } from "../../src/tiers/record-key.ts";
import type { ArrivingResponse, Tier, TierRecord } from "../../src/tiers/tier.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  metadataOf,
  noise,
  responseOf,
  shown,
  withBody,
} from "./records.ts";

export interface OpenTier {
  readonly tier: Tier;
  /** A larger body is refused. */
  readonly bodyBytesMax: number;
  readonly takesStreams: boolean;
  /** The largest record of its kind that is kept, and the same with one byte more. */
  readonly largest: TierRecord;
  readonly tooLarge: TierRecord;
  /** How often the tier has complained of what it found: never, of what it wrote itself. */
  readonly badRecordCount: () => number;
}

const host = "a.example:8443";
const page = responseOf(bytesOf("first"));
const nextPage = responseOf(bytesOf("the second page"), { status: 404, statusText: "Not Found" });
const marker: TierRecord = {
  kind: "vary",
  names: ["accept-encoding", "x-size"],
  sinceAtMs: 0,
  variants: [["f7-_Zq0aB1c", 1]],
};

const fieldRows: { id: string; fields: FieldLine[] }[] = [
  { id: "no fields", fields: [] },
  {
    id: "fields in their order, repeated names kept apart",
    fields: [
      ["set-cookie", "a=1"],
      ["link", "</x>"],
      ["set-cookie", "b=2, c"],
      ["a", "z"],
      ["link", "</y>"],
    ],
  },
  {
    id: "values that are empty, quoted or not ASCII",
    fields: [
      ["x-empty", ""],
      ["etag", '"\\"'],
      ["x-latin", "café\u00a0\u00ff"],
      ["x-wide", "漢字 \u{1f30a}"],
    ],
  },
  { id: "a field of 20,000 bytes", fields: [["content-security-policy", "p".repeat(20_000)]] },
];

const text = bytesOf("The tide went out twice. ".repeat(400));
const bodyRows = [
  { id: "empty", encoding: "", bytes: new Uint8Array(0) },
  { id: "one zero byte", encoding: "", bytes: new Uint8Array(1) },
  { id: "every byte value", encoding: "", bytes: Uint8Array.from({ length: 256 }, (_, at) => at) },
  { id: "1 MiB", encoding: "", bytes: noise(1_048_576) },
  { id: "text as identity", encoding: "identity", bytes: text },
  { id: "text alone", encoding: "", bytes: text },
  { id: "1 MiB of text", encoding: "", bytes: bytesOf("The tide came in. ".repeat(58_254)) },
  { id: "text as long as it is named", encoding: "", bytes: bytesOf("größer ".repeat(256)) },
  { id: "gzip", encoding: "gzip", bytes: new Uint8Array(gzipSync(text)) },
  { id: "br", encoding: "br", bytes: new Uint8Array(brotliCompressSync(text)) },
  { id: "zstd", encoding: "zstd", bytes: new Uint8Array(zstdCompressSync(text)) },
  { id: "not the gzip it is named", encoding: "gzip", bytes: bytesOf("plain") },
];

const instantRows = [
  { id: "reads when it was written", atMs: keep.atMs, kind: "response" },
  { id: "reads up to the last instant", atMs: keepUntilAtMs - 1, kind: "response" },
  { id: "has nothing at the instant it is kept until", atMs: keepUntilAtMs, kind: "absent" },
  { id: "has nothing later", atMs: keepUntilAtMs + 86_400_000, kind: "absent" },
];

const keepRows = [
  { id: "a second is kept", keptMs: 1_000, written: { kind: "kept" }, read: "response" },
  {
    id: "until the instant of writing is refused",
    keptMs: 0,
    written: { kind: "refused", rule: "expired" },
    read: "absent",
  },
  {
    id: "until an earlier instant is refused",
    keptMs: -1,
    written: { kind: "refused", rule: "expired" },
    read: "absent",
  },
];

const replaceRows: { id: string; records: TierRecord[] }[] = [
  { id: "a response by a later one", records: [page, nextPage] },
  { id: "a response by one with a smaller body", records: [nextPage, page] },
  { id: "a response by a marker", records: [page, marker] },
  { id: "a marker by a response", records: [marker, page] },
  {
    id: "a marker by one with other names",
    records: [marker, { kind: "vary", names: ["accept"], sinceAtMs: 0, variants: [] }],
  },
];

const lengthRows = [
  { id: "of known length", bodyBytes: 6 },
  { id: "of unknown length", bodyBytes: null },
];

const keyRows = [
  { id: "multi-byte text", key: "GET https://a.example/größe?漢字=\u{1f30a}", isOwn: true },
  { id: "half a surrogate pair", key: "GET https://a.example/\ud83c", isOwn: true },
  { id: "10,000 characters", key: `GET https://a.example/${"p".repeat(10_000)}`, isOwn: true },
  { id: "nothing", key: "", isOwn: true },
];

/** @param open called before each test; it may give the same tier, since every test has own keys */
export function describeTier(implementation: string, open: () => Promise<OpenTier>): void {
  describe(`tier contract: ${implementation}`, () => {
    let opened: OpenTier;
    let tier: Tier;
    let keyCount = 0;
    const newKey = (under = "GET https://a.example/"): RecordKey => {
      keyCount += 1;
      return new RecordKey(`${under} ${keyCount}`, host);
    };

    beforeEach(async () => {
      opened = await open();
      tier = opened.tier;
    });

    // Whatever a test did, the tier never finds fault with a record of its own.
    afterEach(() => {
      expect(opened.badRecordCount()).toBe(0);
    });

    it("has nothing under a key that was never written", async () => {
      expect(await tier.read(newKey(), ask)).toEqual({ kind: "absent" });
    });

    it.each(fieldRows)("reads back $id", async ({ fields }) => {
      const key = newKey();
      const record = responseOf(bytesOf("body"), { fields });
      expect(await tier.write(key, record, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(record, bytesOf("body")));
    });

    it("has nothing once it was removed, and takes a new record", async () => {
      const key = newKey();
      const record = responseOf(bytesOf("old"));
      await tier.write(key, record, keep);
      await tier.remove(key);
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      await tier.remove(key);
      await tier.write(key, responseOf(bytesOf("new")), keep);
      expect((await tier.read(key, ask)).kind).toBe("found");
    });

    it("reads back every other part of the metadata", async () => {
      const key = newKey();
      const bytes = bytesOf("Nicht gefunden: Größe");
      const record = responseOf(bytes, {
        status: 404,
        statusText: "Not Found",
        requestedAtMs: 1_764_547_200_000.5,
        selecting: [
          ["accept-language", "de, en;q=0.5"],
          ["x-size", null],
        ],
        tags: ["größe", "漢字", ""],
        stamp: "none",
        colo: "",
        fillCostMs: 0,
        jitterDraw: 0,
      });
      expect(await tier.write(key, record, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(record, bytes));
    });

    it.each(bodyRows)("hands a body back byte for byte: $id", async ({ encoding, bytes }) => {
      const key = newKey();
      const fields: FieldLine[] = encoding === "" ? [] : [["content-encoding", encoding]];
      const record = responseOf(bytes, { fields });
      const fits = bytes.byteLength <= opened.bodyBytesMax;
      expect(await tier.write(key, record, keep)).toEqual(
        fits ? { kind: "kept" } : { kind: "refused", rule: "too-large" },
      );
      expect(await look(tier, key, ask)).toEqual(fits ? shown(record, bytes) : { kind: "absent" });
    });

    it.each(instantRows)("$id", async ({ atMs, kind }) => {
      const key = newKey();
      expect(await tier.write(key, page, keep)).toEqual({ kind: "kept" });
      expect((await look(tier, key, { ...ask, atMs })).kind).toBe(kind);
    });

    it.each(keepRows)("a record for $id", async ({ keptMs, written, read }) => {
      const key = newKey();
      const given = { ...keep, untilAtMs: keep.atMs + keptMs };
      expect(await tier.write(key, page, given)).toEqual(written);
      expect((await look(tier, key, { ...ask, atMs: keep.atMs })).kind).toBe(read);
    });

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
      "freshens metadata beside a body that is %s",
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
    ])("writes an unchanged body where there is $id", async ({ before }) => {
      const key = newKey();
      if (before !== undefined) await tier.write(key, before, keep);
      expect(await tier.write(key, page, { ...keep, body: "unchanged" })).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("first")));
    });

    it.each(keyRows)("keeps keys apart that hold $id", async ({ key: under }) => {
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

    it("refuses a record with one byte more, of which nothing can be read", async () => {
      const key = newKey();
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
      // Read to its end or cancelled: in both cases nobody waits for this tier any longer.
      expect(hasEnded()).toBe(true);
      const whole = withBody({ ...metadata, bodyBytes: 6 }, { kind: "absent" });
      expect([written, await look(tier, key, ask)]).toEqual(
        opened.takesStreams
          ? [{ kind: "kept" }, shown(whole, bytesOf("abcdef"))]
          : [{ kind: "refused", rule: "arriving" }, { kind: "absent" }],
      );
    });

    it.each(lengthRows)("keeps nothing of an arriving body $id that is cut", async (row) => {
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

    it("gives at least the metadata where that alone is asked for", async () => {
      const key = newKey();
      await tier.write(key, page, keep);
      const read = await tier.read(key, { ...ask, part: "metadata" });
      expect(read).toMatchObject({
        kind: "found",
        record: { kind: "response", stored: { metadata: page.stored.metadata } },
      });
    });

    it("gives a marker whole where metadata alone is asked for", async () => {
      const key = newKey();
      await tier.write(key, marker, keep);
      const read = await tier.read(key, { ...ask, part: "metadata" });
      expect(read).toEqual({ kind: "found", record: marker });
    });
  });
}

async function bodyOf(record: TierRecord): Promise<Uint8Array> {
  if (record.kind !== "response" || record.stored.body.kind !== "bytes") {
    throw new Error("These rows hold whole bodies alone.");
  }
  return record.stored.body.bytes;
}

/** @param parts texts in their order; an error cuts the body there */
function arrivingResponse(
  metadata: StoredMetadata,
  parts: readonly (string | Error)[],
): { arriving: ArrivingResponse; hasEnded: () => boolean } {
  const left = [...parts];
  const completed = Promise.withResolvers<number | "cut">();
  let bodyBytes = 0;
  let isOver = false;
  const end = (how: number | "cut"): void => {
    isOver = true;
    completed.resolve(how);
  };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = left.shift();
      if (part === undefined) {
        end(bodyBytes);
        controller.close();
      } else if (typeof part === "string") {
        const bytes = bytesOf(part);
        bodyBytes += bytes.byteLength;
        controller.enqueue(bytes);
      } else {
        end("cut");
        controller.error(part);
      }
    },
    cancel: () => end("cut"),
  });
  const arriving = { kind: "arriving", metadata, stream, completed: completed.promise } as const;
  return { arriving, hasEnded: () => isOver };
}
