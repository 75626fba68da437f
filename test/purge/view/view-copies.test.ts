// Rule 14: the form of the copies and claims in the colo's Cache API. rules-copies.test.ts tests
// their use.
import { describe, expect, it, vi } from "vitest";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import type { SwitchState } from "../../../src/purge/journal/switch-state.ts";
import type { ViewCopiesSettings } from "../../../src/purge/view/view-copies.ts";
import { Colo, host } from "./colo-copies.ts";
import { entryAt } from "../../../testing/examples/purges.ts";
import { idle } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const entriesOf = (count: number, changes = {}): Entry[] =>
  Array.from({ length: count }, (_, at) => entryAt(`${at + 1}-0`, changes));

const three = [
  entryAt("1-0", { tags: ['tag:größe "1"'], prefixes: ["/a/"], id: "msg_1", bodyDigest: "d" }),
  entryAt("2-0", { n: "other", mode: "soft", reason: "\n", by: "admin" }),
  entryAt("3-0", { lost: "1-0 x" }),
];

async function published(entries: readonly Entry[] = three, switched?: SwitchState) {
  const colo = new Colo();
  const sentAtMs = colo.clock.atMs - 1_234;
  await colo.copies().publish(host, { entries, sentAtMs, switched });
  return { colo, sentAtMs, address: colo.cache.addresses[0] ?? "" };
}

/** Lets all timers end until the work is done. */
async function waited<T>(work: Promise<T>): Promise<T> {
  const watch = { isOver: false };
  void work.finally(() => (watch.isOver = true));
  while (!watch.isOver) {
    await idle();
    await vi.advanceTimersByTimeAsync(250);
  }
  return work;
}

describe("a copy", () => {
  it("has the entries of the isolate that published it, and the time of their read", async () => {
    const { colo, sentAtMs } = await published();
    colo.clock.advance(5);
    const copy = await colo.copies().read(host);
    expect([copy?.entries(), copy?.sentAtMs]).toEqual([three, sentAtMs]);
  });

  it("has the state of the switch", async () => {
    const switched = { post: "p1", position: "2-0", n: "n", bypass: ["articles"] };
    const { colo } = await published(three, switched);
    expect((await colo.copies().read(host))?.switched).toEqual(switched);
  });

  it("has the newest release, whose entry may precede the others", async () => {
    const colo = new Colo();
    const released = { id: "v1", position: "1-0" };
    const [sentAtMs, entries] = [colo.clock.atMs, three.slice(1)];
    await colo.copies().publish(host, { entries, sentAtMs, released });
    expect((await colo.copies().read(host))?.released).toEqual(released);
  });

  it("has a content type that nothing compresses", async () => {
    const { colo, address } = await published();
    const { headers } = (await colo.cache.match(address)) ?? new Response();
    expect(headers.get("content-type")).toBe("application/octet-stream");
  });

  it.each([
    { id: "its first entry", place: three[0], after: three.slice(1) },
    { id: "its last entry", place: three[2], after: [] },
    { id: "its second, with another `n`", place: { position: "2-0", n: "2-0" }, after: undefined },
    { id: "a missing entry", place: { position: "4-0", n: "4-0" }, after: undefined },
  ])("returns the entries after a given entry: $id", async ({ place, after }) => {
    const { colo } = await published();
    const copy = await colo.copies().read(host);
    expect(copy?.entriesAfter(place as Entry)).toEqual(after);
  });

  it("is stored below /_cache/ on the host of the request, for a minute", async () => {
    const { colo, address } = await published();
    expect(address).toMatch(/^https:\/\/www\.example\.com\/_cache\/journal\/[0-9a-f]{64}\/view$/);
    colo.clock.advance(59.999);
    expect(await colo.copies().read(host)).toBeDefined();
    colo.clock.advance(0.001);
    expect(await colo.copies().read(host)).toBe(undefined);
  });

  it.each([
    { count: 1_000, held: 1_000 },
    { count: 1_001, held: 1_000 },
  ])("has at most 1,000 entries, the newest of $count", async ({ count, held }) => {
    const { colo } = await published(entriesOf(count));
    const entries = (await colo.copies().read(host))?.entries() ?? [];
    expect([entries.length, entries.at(-1)?.position]).toEqual([held, `${count}-0`]);
  });

  it("has at most 1 MiB", async () => {
    const copyOf = async (chars: number) => {
      const entries = [entryAt("1-0", { reason: `ß${"x".repeat(chars)}` }), entryAt("2-0")];
      const { colo, address } = await published(entries);
      const bytes = await (await colo.cache.match(address))?.arrayBuffer();
      const held = (await colo.copies().read(host))?.entries() ?? [];
      return { bytes: bytes?.byteLength ?? 0, held: held.map(({ position }) => position) };
    };
    const most = 1_048_576;
    const room = most - (await copyOf(0)).bytes;
    expect(await copyOf(room)).toEqual({ bytes: most, held: ["1-0", "2-0"] });
    expect((await copyOf(room + 1)).held).toEqual(["2-0"]);
  });

  it.each([
    { id: "no entries", entries: [] },
    { id: "no entry that fits", entries: [entryAt("1-0", { reason: "x".repeat(1_048_576) })] },
  ])("is not stored without entries: $id", async ({ entries }) => {
    expect((await published(entries)).colo.cache.journalPuts).toBe(0);
  });
});

const brief = { headers: { "cache-control": "max-age=60" } };

type Bytes = Uint8Array<ArrayBuffer>;
type Changed = (whole: Bytes) => Bytes | Promise<Bytes>;

/** Adds the digest of a copy's text. */
async function sealed(text: string): Promise<Bytes> {
  const bytes = new TextEncoder().encode(text);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return new TextEncoder().encode(digest + text);
}

const copyText = (changes: object) =>
  JSON.stringify({ v: 5, sentAtMs: 1, switched: null, items: [["1-0", ["n", "1"]]], ...changes });

/** Returns whether a copy counts as absent after a change of its bytes. */
async function isAbsentAfter(changed: Changed): Promise<boolean> {
  const { colo, address } = await published();
  const whole = await (await colo.cache.match(address))?.arrayBuffer();
  const bytes = await changed(new Uint8Array(whole ?? new ArrayBuffer()));
  await colo.cache.put(address, new Response(bytes, brief));
  return (await colo.copies().read(host)) === undefined;
}

it.each<[id: string, changed: Changed]>([
  ["is unchanged", (whole) => whole],
  ["has another valid text with its digest", () => sealed(copyText({}))],
])("a copy is found if it %s", async (_, changed) => {
  expect(await isAbsentAfter(changed)).toBe(false);
});

describe("a copy counts as absent if it", () => {
  it.each<[id: string, changed: Changed]>([
    ["is empty", () => new Uint8Array()],
    ["lacks a byte", (whole) => whole.slice(0, -1)],
    ["lacks a half", (whole) => whole.slice(0, whole.length / 2)],
    ["has only a digest", (whole) => whole.slice(0, 64)],
    ["has a changed byte", (whole) => whole.with(whole.length - 9, 66)],
    ["has another digest", (whole) => whole.with(0, 103)],
    ["is not JSON", () => sealed("{")],
    // Version 1 had no switch.
    ["has the previous version", () => sealed(copyText({ v: 1, switched: undefined }))],
    ["has another version", () => sealed(copyText({ v: 3 }))],
    ["lacks the switch", () => sealed(copyText({ switched: undefined }))],
    ["has an invalid switch", () => sealed(copyText({ switched: { bypass: 1 } }))],
    ["lacks its time", () => sealed(copyText({ sentAtMs: null }))],
    ["lacks entries", () => sealed(copyText({ items: [] }))],
    ["is null", () => sealed("null")],
  ])("%s", async (_, changed) => {
    expect(await isAbsentAfter(changed)).toBe(true);
  });

  it("has an invalid entry, which is never skipped", async () => {
    const { colo, address } = await published();
    const items = [["1-0", ["n", "1"]], "odd", ["2-0", ["n", "2"]]];
    const body = await sealed(copyText({ items }));
    await colo.cache.put(address, new Response(body, brief));
    const copy = await colo.copies().read(host);
    expect(copy?.entries()).toBe(undefined);
    expect(copy?.entriesAfter({ position: "1-0", n: "1" })).toBe(undefined);
  });

  it.each([
    { aheadMs: 1_000, isAbsent: false },
    { aheadMs: 1_001, isAbsent: true },
  ])("is dated more than A ahead: $aheadMs ms, $isAbsent", async ({ aheadMs, isAbsent }) => {
    const colo = new Colo();
    await colo.copies().publish(host, { entries: three, sentAtMs: colo.clock.atMs + aheadMs });
    expect((await colo.copies().read(host)) === undefined).toBe(isAbsent);
  });

  it("belongs to another journal or host", async () => {
    const { colo } = await published();
    expect(await colo.copies({ journal: "https://other.invalid site" }).read(host)).toBe(undefined);
    expect(await colo.copies().read("other.example.com")).toBe(undefined);
  });

  it.each(["throws", "forgets"] as const)("is in a cache that %s", async (mode) => {
    const colo = new Colo();
    colo.cache.mode = mode;
    await colo.copies().publish(host, { entries: three, sentAtMs: colo.clock.atMs });
    expect(await colo.copies().read(host)).toBe(undefined);
    expect(await colo.copies().claim(host)).toBe("ours");
    expect(await colo.copies().claim(host)).toBe("ours");
  });

  it("is in a cache that does not answer, or that does not exist", async () => {
    const never = () => new Promise<never>(() => undefined);
    const caches: ViewCopiesSettings["cache"][] = [
      () => ({ match: never, put: never }),
      () => {
        throw new TypeError("There is no cache.");
      },
    ];
    for (const cache of caches) {
      const copies = new Colo().copies({ cache });
      expect(await waited(copies.read(host))).toBe(undefined);
      expect(await waited(copies.claim(host))).toBe("ours");
      await waited(copies.publish(host, { entries: three, sentAtMs: 0 }));
    }
  });
});

it("a cache that does not answer is not used for ten seconds", async () => {
  const colo = new Colo();
  let calls = 0;
  const never = () => {
    calls += 1;
    return new Promise<never>(() => undefined);
  };
  const copies = colo.copies({ cache: () => ({ match: never, put: never }) });
  const callsAfter = async (seconds: number) => {
    colo.clock.advance(seconds);
    await waited(copies.read(host));
    return calls;
  };
  expect([await callsAfter(0), await callsAfter(9.999), await callsAfter(0.001)]).toEqual([
    1, 1, 2,
  ]);
});

describe("a claim", () => {
  it.each([
    { id: "at once", afterMs: 0, stands: "others" },
    { id: "just before two seconds", afterMs: 1_999, stands: "others" },
    { id: "after two seconds", afterMs: 2_000, stands: "ours" },
    { id: "clock a second behind", afterMs: -1_000, stands: "others" },
    { id: "clock two seconds behind", afterMs: -2_000, stands: "ours" },
  ])("of another isolate lasts two seconds: $id", async ({ afterMs, stands }) => {
    const colo = new Colo();
    expect(await colo.copies().claim(host)).toBe("ours");
    const nowAtMs = () => colo.clock.atMs + afterMs;
    expect(await colo.copies({ nowAtMs }).claim(host)).toBe(stands);
  });

  it("does not apply to its own isolate", async () => {
    const copies = new Colo().copies();
    expect([await copies.claim(host), await copies.claim(host)]).toEqual(["ours", "ours"]);
  });

  it.each(["", "nonsense", "isolate-9 soon"])(
    "without a valid time does not count: %j",
    async (text) => {
      const colo = new Colo();
      await colo.copies().claim(host);
      const [address = ""] = colo.cache.addresses;
      expect(address).toMatch(/\/claim$/);
      await colo.cache.put(address, new Response(text, brief));
      expect(await colo.copies().claim(host)).toBe("ours");
    },
  );
});
