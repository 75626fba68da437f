// Tests that identical webhooks purge at most once a second, and that no purge is lost.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Repeats } from "../../../src/parts/hooks/makers/repeats.ts";
import { idle, until } from "../../../testing/site/harness.ts";
import { deliver, openHooked, shopify, signedBy, strapi } from "./webhook-vendors.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

/** Purges that end when `finish` is called, in order. */
function purges() {
  const begun: { isAccepted: boolean; end: (isAccepted: boolean) => void }[] = [];
  const purge = () =>
    new Promise<{ isAccepted: boolean }>((resolve) => {
      const one = { isAccepted: false, end: (isAccepted: boolean) => resolve({ isAccepted }) };
      begun.push(one);
    });
  return { begun, purge };
}

describe("identical webhooks", () => {
  it("purge at once if the last purge is a second old", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    void repeats.run("a", Date.now, purge);
    await vi.advanceTimersByTimeAsync(1_000);
    void repeats.run("a", Date.now, purge);
    await vi.advanceTimersByTimeAsync(0);
    expect(begun.length).toBe(2);
  });

  it("join one later purge, and are answered when it is accepted", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    const first = repeats.run("a", Date.now, purge);
    begun[0]?.end(true);
    expect(await first).toEqual({ isAccepted: true });
    const later = Array.from({ length: 100 }, () => repeats.run("a", Date.now, purge));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun.length).toBe(2);
    begun[1]?.end(true);
    await vi.advanceTimersByTimeAsync(50);
    const results = await Promise.all(later);
    expect(results.filter((result) => result === "joined").length).toBe(99);
    expect(begun.length).toBe(2);
  });

  it("do not join a purge that began before they arrived", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    void repeats.run("a", Date.now, purge);
    const second = repeats.run("a", Date.now, purge);
    begun[0]?.end(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun.length).toBe(2);
    begun[1]?.end(true);
    expect(await second).toEqual({ isAccepted: true });
  });

  it("do not join a purge that was not accepted", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    void repeats.run("a", Date.now, purge);
    const later = [repeats.run("a", Date.now, purge), repeats.run("a", Date.now, purge)];
    await vi.advanceTimersByTimeAsync(1_000);
    begun[1]?.end(false);
    await vi.advanceTimersByTimeAsync(1_000);
    begun[2]?.end(true);
    expect(await Promise.all(later)).toEqual([{ isAccepted: false }, { isAccepted: true }]);
  });

  it("give up after three seconds", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    const all = Array.from({ length: 8 }, () => repeats.run("a", Date.now, purge));
    await vi.advanceTimersByTimeAsync(4_000);
    for (const one of begun) one.end(false);
    const busy = (await Promise.all(all)).filter((result) => result === "busy");
    expect([begun.length, busy.length]).toEqual([4, 4]);
  });

  it("do not wait if the clock was set back", async () => {
    const repeats = new Repeats();
    const { begun, purge } = purges();
    void repeats.run("a", () => 10_000, purge);
    void repeats.run("a", () => 5_000, purge);
    await vi.advanceTimersByTimeAsync(0);
    expect(begun.length).toBe(2);
  });
});

it("other webhooks do not wait", async () => {
  const repeats = new Repeats();
  const { begun, purge } = purges();
  for (const digest of ["a", "b", "c"]) void repeats.run(digest, Date.now, purge);
  await vi.advanceTimersByTimeAsync(0);
  expect(begun.length).toBe(3);
});

it("a thousand copies of a captured webhook make few entries", async () => {
  const { site, upstash } = openHooked({ vendor: strapi });
  const body = JSON.stringify({ id: 1 });
  const headers = signedBy(strapi, site, { body });
  const first = deliver(site, body, headers);
  const copies = Array.from({ length: 1_000 }, () => deliver(site, body, headers));
  // Each copy that waits has a timer for its wait, and one for its answer.
  await until(() => upstash.journal.length === 1 && vi.getTimerCount() >= 2 * copies.length);
  site.clock.advance(1);
  await vi.advanceTimersByTimeAsync(1_000);
  await until(() => upstash.journal.length === 2);
  for (let step = 0; step < 8; step += 1) {
    await idle();
    await vi.advanceTimersByTimeAsync(50);
  }
  const answers = await Promise.all([first, ...copies]);
  expect(upstash.journal.length).toBe(2);
  const joined = answers.filter(({ text }) => text === '{"joined":true}').length;
  expect(joined).toBe(999);
});

it("a webhook with the same body and other targets does not join", async () => {
  const mapping = (_: unknown, fields: { get: (name: string) => string | null }) => ({
    tags: [fields.get("x-shopify-topic") ?? ""],
  });
  const { site, upstash } = openHooked({ mapping });
  const topics = ["articles", "authors", "editors"];
  const sent = topics.map((topic) =>
    deliver(site, "{}", signedBy(shopify, site, { body: "{}", topic, id: topic })),
  );
  await until(() => upstash.journal.length > 0);
  site.clock.advance(1);
  for (let step = 0; step < 40; step += 1) {
    await idle();
    await vi.advanceTimersByTimeAsync(50);
  }
  const answers = await Promise.all(sent);
  expect(answers.map(({ text }) => text.includes("joined"))).toEqual([false, false, false]);
  expect(upstash.journal.length).toBe(topics.length);
});

it("a sender that calls before it commits causes a second purge", async () => {
  const { site, upstash } = openHooked({ more: { repeatAfterSeconds: 5 } });
  const body = JSON.stringify({ id: 1 });
  expect((await deliver(site, body, signedBy(shopify, site, { body }))).status).toBe(200);
  expect(upstash.journal.length).toBe(1);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(upstash.journal.length).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  await until(() => upstash.journal.length === 2);
  const targets = upstash.journal.range(["-", "+"]).map((entry) => JSON.stringify(entry));
  expect(targets.every((entry) => entry.includes("product:1"))).toBe(true);
});

it("a second purge that is not accepted is logged", async () => {
  const { site, upstash } = openHooked({ more: { repeatAfterSeconds: 5 } });
  const body = JSON.stringify({ id: 1 });
  await deliver(site, body, signedBy(shopify, site, { body }));
  upstash.journalMode = "down";
  await vi.advanceTimersByTimeAsync(30_000);
  await until(() => site.lines.some(({ event }) => event === "hook"));
  expect(site.lines.find(({ event }) => event === "hook")).toMatchObject({ level: "error" });
});
