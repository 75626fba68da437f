// Tests bodies of handlers: those that a handler must not return, and those with a wrong coding.
import { brotliCompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { withTrueCoding } from "../../src/platform/handler-body.ts";
import { cc } from "../../testing/fakes/origin-in-process.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { idle, openSite } from "../../testing/site/harness.ts";

const soon = (ms: number) => new Promise<string>((end) => setTimeout(() => end("never ends"), ms));

/** Watches for unhandled rejections, which would end the process, until the test ends. */
function watchedRejections() {
  const unhandled = vi.fn<(cause: unknown) => void>();
  process.on("unhandledRejection", unhandled);
  onTestFinished(() => void process.off("unhandledRejection", unhandled));
  return unhandled;
}

describe("a handler whose response cannot be read", () => {
  it.each(["max-age=60", "no-store"])(
    "gives 502 and a log line if its body was already read: %s",
    async (rule) => {
      const handle = async () => {
        const response = new Response("page", { headers: cc(rule) });
        await response.text();
        return response;
      };
      const site = openSite({ handlers: { default: handle } });
      const response = await site.ask("/a");
      const text = await Promise.race([response.text(), soon(300)]);
      await idle();
      expect([response.status, text === "never ends"]).toEqual([502, false]);
      expect(site.log.join("\n")).toContain(
        "The body of its response was already read. Return a new Response for each request, or read a clone",
      );
    },
  );

  it.each([
    ["GET", { status: 200 }],
    ["HEAD", { status: 200 }],
    ["GET", { statusCode: 200, body: "the answer of another platform" }],
  ])(
    "gives 502 and does not end the process if it returns no Response: %s %j",
    async (method, answer) => {
      const unhandled = watchedRejections();
      const site = openSite({ handlers: { default: () => answer as unknown as Response } });
      expect((await site.ask("/a", { method })).status).toBe(502);
      await idle();
      expect(site.log.join("\n")).toContain("It did not return a response. Return a Response.");
      expect(unhandled).not.toHaveBeenCalled();
    },
  );

  it.each([{}, { "content-encoding": "gzip" }])(
    "does not give an empty page if its body consists of strings: %j",
    async (fields) => {
      const texts = () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue("text");
            controller.close();
          },
        });
      const handle = () => new Response(texts(), { headers: cc("max-age=60", fields) });
      const site = openSite({ handlers: { default: handle } });
      const response = await site.ask("/a");
      const read = await response.text().catch(() => "broken off");
      expect(response.status === 200 && read === "").toBe(false);
    },
  );
});

/** A body that stays open until it is closed. */
function openBody() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const cancelled = vi.fn<() => void>();
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: cancelled,
  });
  const write = (bytes: string | Uint8Array) =>
    controller.enqueue(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  return { body, cancelled, write, close: () => controller.close() };
}

describe("a body with Content-Encoding", () => {
  const events = (coding: string) => ({
    headers: { "content-type": "text/event-stream", "content-encoding": coding },
  });

  it.each(["gzip", "br", "deflate", "zstd"])(
    "is streamed at once, without its coding, if it is already decoded: %s",
    async (coding) => {
      const { body, write, close } = openBody();
      write("data: 1\n\n");
      const site = openSite({ handlers: { default: () => new Response(body, events(coding)) } });
      const response = await Promise.race([site.ask("/a"), soon(2_000)]);
      if (typeof response === "string") throw new Error(response);
      expect(response.headers.has("content-encoding")).toBe(false);
      const reader = response.body!.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 1\n\n");
      write("data: 2\n\n");
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 2\n\n");
      close();
      expect((await reader.read()).done).toBe(true);
    },
  );

  it("is passed on in its own chunks, without a copy", async () => {
    const chunks = [Uint8Array.of(0x1f), Uint8Array.of(0x8b), new Uint8Array(1_000_000)];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const response = new Response(body, { headers: { "content-encoding": "gzip" } });
    const { body: told } = await withTrueCoding(response, new AbortController().signal);
    const seen: Uint8Array[] = [];
    for await (const chunk of told!) seen.push(chunk);
    expect(seen.map((chunk, at) => chunk === chunks[at])).toEqual([true, true, true]);
  });

  it("loses the digests of the encoded bytes if it is already decoded", async () => {
    const worked = { "content-digest": "sha-256=:aa==:", "repr-digest": "sha-256=:aa==:" };
    const headers = {
      "content-encoding": "gzip",
      digest: "md5=aa",
      "content-md5": "aa",
      ...worked,
    };
    const handle = () => new Response("a page that was decoded", { headers });
    const site = openSite({ handlers: { default: handle } });
    const { fields } = await site.get("/a");
    expect(Object.keys(headers).filter((name) => fields.has(name))).toEqual([]);
  });

  it("is passed on unchanged if no runtime knows its coding", async () => {
    const origin = await startScriptedOrigin((_, response) => {
      response.writeHead(200, { "content-encoding": "x-own, gzip" }).end("packed twice");
    });
    const site = openSite({ handlers: { default: () => fetch(origin.url) } });
    const { text, fields } = await site.get("/a");
    await origin.stop();
    expect([text, fields.get("content-encoding")]).toEqual(["packed twice", "x-own, gzip"]);
  });

  it("keeps its coding if its first bytes come one at a time", async () => {
    const { body, write, close } = openBody();
    const site = openSite({ handlers: { default: () => new Response(body, events("gzip")) } });
    const asking = site.ask("/a");
    for (const byte of [0x1f, 0x8b, 8]) {
      await idle();
      write(Uint8Array.of(byte));
    }
    close();
    const response = await asking;
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0x1f, 0x8b, 8]);
  });

  it("keeps its coding if it is brotli of an empty body", async () => {
    const headers = cc("max-age=60", { "content-encoding": "br" });
    const handle = () => new Response(new Uint8Array(brotliCompressSync("")), { headers });
    const site = openSite({ handlers: { default: handle } });
    const asked = { headers: { "accept-encoding": "br" } };
    expect((await site.get("/a", asked)).fields.get("content-encoding")).toBe("br");
  });

  it.each(["GET", "HEAD"])(
    "is validated with one call of the handler if it was decoded: %s",
    async (method) => {
      const asked: (string | null)[] = [];
      const handle = ({ headers }: Request) => {
        asked.push(headers.get("if-none-match"));
        const fields = cc("max-age=5", { etag: '"1"', "content-encoding": "gzip" });
        return headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: fields })
          : new Response("a page that was decoded", { headers: fields });
      };
      const site = openSite({ handlers: { default: handle } });
      await site.get("/a");
      site.clock.advance(6);
      const { cacheStatus, fields } = await site.get("/a", { method });
      expect(cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
      expect([fields.get("etag"), fields.get("content-encoding")]).toEqual(['W/"1"', null]);
      expect(asked).toEqual([null, 'W/"1"']);
    },
  );

  it("is cancelled if its first bytes never come", async () => {
    const { body, cancelled } = openBody();
    const handle = () => new Response(body, events("gzip"));
    const config = { originTimeout: "1s" };
    const site = openSite({ config, handlers: { default: handle } });
    expect((await site.ask("/a")).status).toBe(504);
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce(), 60_000);
  });

  it("does not end the process if it breaks off after its first bytes", async () => {
    const unhandled = watchedRejections();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        await soon(300);
        controller.error(new TypeError("lost"));
      },
    });
    const site = openSite({ handlers: { default: () => new Response(body, events("br")) } });
    const response = await site.ask("/a");
    await soon(500);
    await expect(response.text()).rejects.toThrow("lost");
    expect(unhandled).not.toHaveBeenCalled();
  });
});
