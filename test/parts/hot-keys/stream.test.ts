// Tests the stream of hot keys on a real Redis. Isolates read notes of the last two minutes. The
// stream has a bounded length, and expires if no isolate reads it.
import { afterAll, expect, it } from "vitest";
import { Running } from "../../../local/running.ts";
import { startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import type { HotKeyNote } from "../../../src/parts/hot-keys/note.ts";
import { encodeNotes, notesIn } from "../../../src/parts/hot-keys/stream.ts";
import { listsIn, RedisLists } from "../../../src/parts/operate/reports/redis-lists.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const running = new Running();
afterAll(() => running.stop());
const { url: redisUrl } = await running.add(startEmbeddedValkey());
const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));

const note: HotKeyNote = {
  url: "https://www.example.com/a",
  fields: [["accept-language", "dé"]],
  expiresAtMs: 1_893_500_000_000,
  count: 3,
};

function open(namespace: string): RedisLists {
  const { url, token } = rest;
  return new RedisLists({
    redis: upstashStore.client({ url, token, nowAtMs: Date.now }),
    namespace,
  });
}

async function run(...command: string[]): Promise<unknown> {
  const answer = await fetch(rest.url, {
    method: "POST",
    headers: { authorization: `Bearer ${rest.token}` },
    body: JSON.stringify(command),
  });
  return ((await answer.json()) as { result: unknown }).result;
}

/**
 * A time in the minute of the hour in which the expiry is renewed, and a time in another minute.
 */
const onTheHour = Date.UTC(2030, 0, 1, 12);
const atHalfPast = onTheHour + 1_800_000;

async function addAt(namespace: string, atMs: number): Promise<void> {
  const top = JSON.stringify([note]);
  await run("XADD", `${namespace}:hot`, `${atMs}-1`, "v", "1", "top", top);
}

it("adds notes with one command", async () => {
  const stream = open("added");
  rest.resetCounts();
  expect(await stream.add(encodeNotes([note]))).toBe(true);
  expect(rest.counts().commandCountByName).toEqual({ XADD: 1 });
  expect(listsIn(await run("XRANGE", "added:hot", "-", "+")).flatMap(notesIn)).toEqual([note]);
});

it("reads the notes of the last two minutes with one command", async () => {
  const stream = open("read");
  await addAt("read", atHalfPast);
  rest.resetCounts();
  expect(await stream.recent(atHalfPast + 120_000)).toEqual([encodeNotes([note])]);
  expect(rest.counts().commandCountByName).toEqual({ XREVRANGE: 1 });
  expect(await stream.recent(atHalfPast + 120_001)).toEqual([]);
  expect(await run("PTTL", "read:hot")).toBe(-1);
});

it("renews the stream's expiry of one day at the first minute of each hour", async () => {
  await addAt("kept", onTheHour);
  expect(await open("kept").recent(onTheHour)).toEqual([encodeNotes([note])]);
  const leftMs = Number(await run("PTTL", "kept:hot"));
  expect(leftMs).toBeGreaterThan(86_000_000);
  expect(leftMs).toBeLessThanOrEqual(86_400_000);
});

it("keeps about 256 entries at most", async () => {
  const stream = open("bounded");
  for (let added = 0; added < 500; added += 1) await stream.add(encodeNotes([note]));
  // Redis trims whole nodes of the stream, which contain at most a hundred entries each.
  expect(Number(await run("XLEN", "bounded:hot"))).toBeLessThan(256 + 100);
});

it("adds and reads nothing, and does not throw, if the key has another type", async () => {
  await run("SET", "other:hot", "1");
  expect(await open("other").add(encodeNotes([note]))).toBe(false);
  expect(await open("other").recent(atHalfPast)).toEqual([]);
});
