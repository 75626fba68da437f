// Tests POST /_cache/purge: the checks before the body is read, the time limit for the body, and
// dry runs that are signed instead of sent with the admin token.
import { describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { openColos, type Site, until } from "../../testing/site/harness.ts";
import {
  adminToken,
  bearer,
  codeOf,
  openJournalled,
  secret,
  send,
  signedHeaders,
  startSeconds,
} from "../../testing/site/purge-sender.ts";

const order = JSON.stringify({ tags: ["red"] });

/** Returns a body that records whether it is read or cancelled. */
function watched(bytes: Uint8Array | undefined) {
  const seen = { isRead: false, isCancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        seen.isRead = true;
        if (bytes === undefined) return;
        controller.enqueue(bytes);
        controller.close();
      },
      cancel() {
        seen.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { seen, body };
}

const post = (site: Site, body: ReadableStream, headers: Readonly<Record<string, string>>) =>
  site.ask("/_cache/purge", { method: "POST", body, headers, duplex: "half" } as never);

describe("an order to purge", () => {
  const good = () => signedHeaders(order);
  const without = (name: string) => {
    const { [name]: _, ...others } = good();
    return others;
  };

  const signature = (text: string) => ({ ...good(), "webhook-signature": text });
  const at = (seconds: number) => signedHeaders(order, { atSeconds: startSeconds + seconds });
  const wellFormed = `v1,${"A".repeat(43)}=`;

  it.each<[id: string, headers: Record<string, string>, status?: number]>([
    ["no credential", {}],
    ["a wrong token", { authorization: "Bearer wrong" }],
    ["no id", without("webhook-id")],
    ["an empty id", { ...good(), "webhook-id": "" }],
    ["no timestamp", without("webhook-timestamp")],
    ["an empty signature", signature("")],
    ["only a version", signature("v1")],
    ["a short signature", signature("v1,abc")],
    ["a signature that is not Base64", signature("v1,???")],
    ["a signature of another version", signature(wellFormed.replace("v1", "v1a"))],
    ["4 KiB of signatures", signature(`${wellFormed} `.repeat(100))],
    ["a long id", { ...good(), "webhook-id": "x".repeat(257) }, 400],
    ["an old timestamp", at(-301)],
    ["an early timestamp", at(320)],
    ["a timestamp that is not a number", { ...good(), "webhook-timestamp": "now" }],
  ])("is refused before its body is read: %s", async (_, headers, status = 401) => {
    const { site } = openJournalled();
    const { body, seen } = watched(undefined);
    expect((await post(site, body, headers)).status).toBe(status);
    expect(seen.isRead).toBe(false);
  });

  it("is refused after its body is read if the signature is well formed", async () => {
    const { site } = openJournalled();
    const { body, seen } = watched(new TextEncoder().encode(order));
    const headers = { ...signedHeaders(order), "webhook-signature": `v1,${"A".repeat(43)}=` };
    const refused = await post(site, body, headers);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(seen.isRead).toBe(true);
    expect(site.counted()).toMatchObject({ "operatorRefusals|signature|wrong": 1 });
  });
});

describe("the body of an operator's request", () => {
  /** @returns the response ten seconds after the first read of the body */
  async function cutOff(answering: Promise<Response>, isBegun: () => boolean) {
    await until(isBegun);
    await vi.advanceTimersByTimeAsync(10_000);
    const answer = await answering;
    vi.useRealTimers();
    return [answer.status, await answer.json()];
  }
  const tooSlow = [408, { error: { code: "too-slow" } }];
  const streamed = (pull: UnderlyingDefaultSource<Uint8Array>["pull"]) =>
    new ReadableStream<Uint8Array>({ ...(pull && { pull }) }, { highWaterMark: 0 });

  it.each(["purge", "switch", "warm"])(
    "is cut off after ten seconds if it does not arrive: %s",
    async (route) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const { body, seen } = watched(undefined);
      const init = { method: "POST", body, headers: bearer, duplex: "half" } as never;
      const answering = openJournalled().site.ask(`/_cache/${route}`, init);
      expect(await cutOff(answering, () => seen.isRead)).toMatchObject(tooSlow);
      expect(seen).toEqual({ isRead: true, isCancelled: true });
    },
  );

  it("is cut off after ten seconds if it trickles", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let chunks = 0;
    const body = streamed(async (controller) => {
      chunks += 1;
      if (chunks > 1) await new Promise((resolve) => setTimeout(resolve, 1_000));
      controller.enqueue(new Uint8Array([32]));
    });
    const answering = post(openJournalled().site, body, bearer);
    expect(await cutOff(answering, () => chunks > 1)).toMatchObject(tooSlow);
  });

  it("is read up to its size limit if it never ends", async () => {
    let chunks = 0;
    const body = streamed((controller) => {
      chunks += 1;
      controller.enqueue(new Uint8Array(16_384));
    });
    expect((await post(openJournalled().site, body, bearer)).status).toBe(413);
    expect(chunks).toBe(5);
  });

  it("is refused without a log line if it breaks off", async () => {
    const { site } = openJournalled();
    const body = streamed((controller) => controller.error(new Error("reset")));
    expect((await post(site, body, bearer)).status).toBe(400);
    expect(site.log).toEqual([]);
  });
});

describe("a signed dry run", () => {
  function openTwo() {
    const clock = new FakeClock();
    const upstash = new UnsteadyUpstash(clock);
    const [near, far] = openColos(2, {
      clock,
      upstash,
      env: { ADMIN_TOKEN: adminToken, PURGE_SECRET: secret },
      origin: () => page("page", cc("max-age=600", { "cache-tag": "red" })),
      config: { routes: [{ name: "all", match: "*", query: { allow: ["token"] } }] },
    }) as [Site, Site];
    return { near, far, upstash };
  }
  const body = JSON.stringify({ tags: ["red"], dryRun: true });
  const signed = (id: string) => signedHeaders(body, { id });

  it("returns counts, and no URLs", async () => {
    const { near } = openTwo();
    await near.get("/reset?token=s3cret");
    const { text } = await send(near, body, signed("a"));
    expect(text).not.toContain("s3cret");
    expect(JSON.parse(text)).toMatchObject({
      isolate: { covered: 1 },
      shared: { covered: 1 },
      limits: expect.stringContaining("The list of URLs needs the admin token") as string,
    });
    expect((await send(near, body)).text).toContain("/reset");
  });

  it("is answered only once in all colos", async () => {
    const { near, far, upstash } = openTwo();
    const answers = await Promise.all(
      [near, far, near].map((site) => send(site, body, signed("a"))),
    );
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(["200", "409", "409"]);
    expect(answers.filter((one) => one.status === 409).map(codeOf)).toEqual([
      "id-reused",
      "id-reused",
    ]);
    const sent = upstash.commands.length;
    expect((await send(near, body, signed("a"))).status).toBe(409);
    expect(upstash.commands.length).toBe(sent);
    expect(upstash.journal.length).toBe(0);
  });

  it("may not be repeated, but a dry run with the admin token may", async () => {
    const { near } = openTwo();
    const headers = { ...bearer, "webhook-id": "a" };
    for (const _ of [1, 2]) expect((await send(near, body, headers)).status).toBe(200);
  });

  it("sends at most 120 Redis commands, unlike a dry run with the admin token", async () => {
    const { near, upstash } = openTwo();
    for (let nth = 0; nth < 130; nth += 1) await near.get(`/${nth}`);
    await near.settle();
    const costOf = async (headers: Record<string, string>) => {
      upstash.commands.length = 0;
      const { text } = await send(near, body, headers);
      const { shared } = JSON.parse(text) as { shared: object };
      return { commands: upstash.commands.length, shared };
    };
    const ofSigner = await costOf(signed("a"));
    expect(ofSigner.commands).toBeLessThanOrEqual(120);
    expect(ofSigner.shared).toMatchObject({ examined: 100, isWhole: false });
    expect((await costOf(bearer)).shared).toMatchObject({ examined: 130, isWhole: true });
  });

  it("examines only this isolate if its ID cannot be recorded in the database", async () => {
    const { near, upstash } = openTwo();
    await near.get("/a");
    upstash.mode = "down";
    expect(JSON.parse((await send(near, body, signed("a"))).text)).toMatchObject({
      isolate: { covered: 1 },
      shared: "unavailable",
    });
    expect((await send(near, body, signed("a"))).status).toBe(409);
  });
});
