// Tests responses of unknown length that arrive slowly or never end. A second client does not wait
// for the end of the first client's response.
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc } from "../../../testing/fakes/origin-in-process.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const route = { routes: [{ name: "all", match: "*", fresh: "60s" }] };

/** Returns a body whose chunks arrive `everyMs` apart. */
function paced(texts: readonly string[], everyMs: number): ReadableStream<Uint8Array> {
  const left = [...texts];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = left.shift();
      if (next === undefined) return controller.close();
      controller.enqueue(new TextEncoder().encode(next));
      await pause(everyMs);
    },
  });
}

const streamed = (texts: readonly string[]) =>
  new Response(paced(texts, 500), { headers: { "content-type": "text/html" } });

/** Reads an answer, waiting `everyMs` after each chunk. Returns the text so far, which grows. */
function reading(asked: Promise<Response>, everyMs = 0) {
  const seen: { text: string; isOver: boolean; failed?: unknown } = { text: "", isOver: false };
  const readAll = async () => {
    for await (const chunk of (await asked).body ?? []) {
      seen.text += new TextDecoder().decode(chunk);
      if (everyMs > 0) await pause(everyMs);
    }
    seen.isOver = true;
  };
  void readAll().catch((cause: unknown) => void (seen.failed = cause));
  return seen;
}

describe("a page that streams", () => {
  const texts = ["a", "b", "c", "d", "e", "f"];

  it("reaches joining clients as it arrives, by one anonymous request", async () => {
    const site = openSite({ config: route, origin: () => streamed(texts) });
    const clients = [reading(site.ask("/a"))];
    await pass(site.clock, 0.3);
    for (let nth = 0; nth < 20; nth += 1) clients.push(reading(site.ask("/a")));
    await pass(site.clock, 1.2);
    expect(clients.slice(1).map(({ text }) => text)).toEqual(Array(20).fill("abc"));
    expect(site.origin.count).toBe(2);
    await pass(site.clock, 4);
    expect(new Set(clients.map(({ text, isOver }) => `${text} ${isOver}`))).toEqual(
      new Set(["abcdef true"]),
    );
    expect((await site.get("/a")).cacheStatus).toContain("hit");
    expect(site.origin.count).toBe(2);
  });

  it("breaks off only for the client whose own request breaks off", async () => {
    const site = openSite({ config: route });
    site.origin.script = (request) => {
      if (!request.headers.has("x-odd")) return streamed(texts);
      const broken = new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode("odd"));
          await pause(800);
          controller.error(new TypeError("The connection was lost."));
        },
      });
      return new Response(broken);
    };
    const odd = reading(site.ask("/a", { headers: { "x-odd": "1" } }));
    await pass(site.clock, 0.1);
    const honest = [1, 2, 3].map(() => reading(site.ask("/a")));
    await pass(site.clock, 6);
    expect(odd.failed).toBeDefined();
    expect(honest.map(({ text, isOver }) => [text, isOver])).toEqual(
      honest.map(() => ["abcdef", true]),
    );
  });

  it("is not delayed by clients that do not read", async () => {
    const site = openSite({ config: route, origin: () => streamed(texts) });
    void site.ask("/a");
    await pass(site.clock, 0.2);
    void site.ask("/a");
    const other = reading(site.ask("/a"));
    await pass(site.clock, 5);
    expect(other).toEqual({ text: "abcdef", isOver: true });
  });
});

describe("a body larger than the buffer, with clients that join later", () => {
  const pieces = Array.from({ length: 40 }, (_, nth) => String(nth % 10).repeat(10));
  const config = { ...route, limits: { bufferBytes: 100 } };

  const large = () => new Response(paced(pieces, 100), { headers: cc("max-age=60") });

  it.each([
    { id: "as the only joining client", besides: 0 },
    { id: "together with a fast client", besides: 1 },
  ])("reaches a slow client completely: $id", async ({ besides }) => {
    const site = openSite({ config, origin: large });
    void reading(site.ask("/a"));
    await pass(site.clock, 0.1);
    const slow = reading(site.ask("/a"), 400);
    const others = Array.from({ length: besides }, () => reading(site.ask("/a")));
    await pass(site.clock, 20);
    expect(slow).toEqual({ text: pieces.join(""), isOver: true });
    expect(others.map(({ isOver }) => isOver)).toEqual(others.map(() => true));
    expect(site.origin.count).toBe(2);
  });

  it.each([
    { id: "reads nothing", everyMs: 600_000 },
    { id: "reads very slowly", everyMs: 1_900 },
  ])("reaches other clients without delay if a client $id", async ({ everyMs }) => {
    const site = openSite({ config, origin: large });
    void reading(site.ask("/a"));
    await pass(site.clock, 0.1);
    void reading(site.ask("/a"), everyMs);
    const honest = reading(site.ask("/a"));
    await pass(site.clock, 4.5);
    expect(honest).toEqual({ text: pieces.join(""), isOver: true });
  });
});

describe("a stream without an end", () => {
  const endless = (fields: Record<string, string>) => {
    let nth = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await pause(500);
        controller.enqueue(new TextEncoder().encode(`${(nth += 1)} `));
      },
    });
    return new Response(body, { headers: fields });
  };

  it.each(["text/event-stream", "Text/Event-Stream; charset=utf-8", "multipart/x-mixed-replace"])(
    "is requested separately for each client: %s",
    async (type) => {
      const site = openSite({ config: route, origin: () => endless({ "content-type": type }) });
      const first = reading(site.ask("/a"));
      await pass(site.clock, 10);
      const second = reading(site.ask("/a"));
      await pass(site.clock, 1.1);
      expect(second.text).toBe("1 2 ");
      const third = reading(site.ask("/a"));
      await pass(site.clock, 0.6);
      expect([third.text, first.text.length > 20]).toEqual(["1 ", true]);
    },
  );

  it("is not replayed to later clients and does not delay them, even with another type", async () => {
    const fields = { ...cc("max-age=60"), "content-type": "application/x-ndjson" };
    const site = openSite({ config: route, origin: () => endless(fields) });
    void reading(site.ask("/a"));
    await pass(site.clock, 10);
    const second = reading(site.ask("/a"));
    await pass(site.clock, 1.5);
    expect(second.text).toMatch(/^1 /);
    await pass(site.clock, 8);
    for (let nth = 0; nth < 4; nth += 1) {
      const later = reading(site.ask("/a"));
      await pass(site.clock, 1.2);
      expect(later.text).toMatch(/^1 (?:2 )?$/);
    }
  });
});
