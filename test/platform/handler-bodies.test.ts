// Bodies that a handler must not return: one that is read already, and one of texts.
import { describe, expect, it } from "vitest";
import { cc } from "../../testing/fakes/origin-in-process.ts";
import { idle, openSite } from "../../testing/site/harness.ts";

const soon = (ms: number) => new Promise<string>((end) => setTimeout(() => end("never ends"), ms));

describe("a handler whose answer cannot be read", () => {
  it.each(["max-age=60", "no-store"])("is told of, and its client gets a 502: %s", async (rule) => {
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
    expect(site.log.join("\n")).toContain("The handler of an origin failed with TypeError");
  });

  it.each(["GET", "HEAD"])("is told of where it is no response at all: %s", async (method) => {
    const handle = () => ({ status: 200 }) as unknown as Response;
    const site = openSite({ handlers: { default: handle } });
    expect((await site.ask("/a", { method })).status).toBe(502);
    expect(site.log.join("\n")).toContain("The handler of an origin failed with TypeError");
  });

  it("does not become an empty page where its body is of texts", async () => {
    const texts = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue("text");
          controller.close();
        },
      });
    const handle = () => new Response(texts(), { headers: cc("max-age=60") });
    const site = openSite({ handlers: { default: handle } });
    const response = await site.ask("/a");
    const read = await response.text().catch(() => "broken off");
    expect(response.status === 200 && read === "").toBe(false);
  });
});
