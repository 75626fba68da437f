// Tests how a body flows to its client and into the tiers: whole, too large, cut, or abandoned.
import { describe, expect, it } from "vitest";
import { idle, until } from "../../testing/site/harness.ts";
import { chunked } from "../../testing/fakes/origin-in-process.ts";
import { openBytePipe } from "../../src/bodies/client-end.ts";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { ChunkReader, type GatherResult } from "../../src/bodies/gather.ts";
import { gatherAlone } from "./gather-alone.ts";

const encoder = new TextEncoder();

/**
 * Gathers "helloworld" into a buffer of ten bytes by default. Collects what client and edge tier
 * read.
 */
function gathering(given: {
  source?: ReadableStream<Uint8Array<ArrayBuffer>>;
  bodyBytes?: number | null | undefined;
  streamBytesMax?: number;
  client?: "reads" | "waits" | "nobody";
  edge?: "reads" | "waits" | "fails";
  budget?: ByteBudget;
  bufferBytes?: number;
  isOverdue?: boolean;
}) {
  const { bodyBytes = null, client = "reads", edge = "reads", streamBytesMax = 1_000 } = given;
  const pipe = client === "nobody" ? undefined : openBytePipe(bodyBytes);
  const streaming: boolean[] = [];
  const budget = given.budget ?? new ByteBudget(1_000_000);
  const bufferBytes = given.bufferBytes ?? 10;
  const overflow: ReadableStream<Uint8Array>[] = [];
  let kept: Promise<string> | undefined;
  const plan: Parameters<typeof gatherAlone>[0] = {
    reader: new ChunkReader(given.source ?? chunked(["hello", "world"]), 30_000, bodyBytes),
    client: pipe,
    bufferBytes,
    isOverdue: given.isOverdue ?? false,
    budget,
    bodyBytes,
    streamBytesMax,
    onStreaming: (mayStore) => void streaming.push(mayStore),
    onOverflow: async (stream) => {
      overflow.push(stream);
      if (edge === "reads") kept = textOrFailure(stream);
      if (edge === "waits") await new Promise(() => undefined);
      if (edge === "fails") await stream.cancel();
      await kept;
    },
  };
  const sent = pipe && client === "reads" ? textOrFailure(pipe.readable) : undefined;
  return { done: gatherAlone(plan), pipe, sent, streaming, overflow, kept: () => kept };
}

function textOrFailure(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text().catch(() => "failed");
}

const largeChunks = ["0", "1", "2", "3"].map((digit) => digit.repeat(50_000));

function wholeOf(gathered: GatherResult): Promise<string> {
  if (gathered.kind !== "whole") throw new Error(`The result is ${gathered.kind}.`);
  return gathered.blob.text();
}

describe("gathering a body that fits the buffer", () => {
  it("keeps the whole body, and sends it to the client", async () => {
    const { done, sent } = gathering({});
    expect(await wholeOf(await done)).toBe("helloworld");
    expect(await sent).toBe("helloworld");
  });

  it("keeps the bytes that its client rewrites and transfers", async () => {
    const { done, pipe } = gathering({ client: "waits" });
    const reader = pipe!.readable.getReader();
    const { value } = await reader.read();
    structuredClone(value!.fill(0).buffer, { transfer: [value!.buffer] });
    expect(await wholeOf(await done)).toBe("helloworld");
  });

  it("sends a body with empty pieces whole", async () => {
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        for (const piece of ["", "hello", "", "world"]) {
          controller.enqueue(encoder.encode(piece));
          await idle();
        }
        controller.close();
      },
    });
    const { done, sent } = gathering({ source });
    expect([await wholeOf(await done), await sent]).toEqual(["helloworld", "helloworld"]);
  });

  it("keeps a body that no client waits for", async () => {
    const { done } = gathering({ source: chunked(["hello"]), client: "nobody" });
    expect(await wholeOf(await done)).toBe("hello");
  });

  it("keeps a body whose client does not read", async () => {
    const { done } = gathering({ client: "waits" });
    expect((await done).kind).toBe("whole");
  });

  it("continues when the client leaves", async () => {
    const { done, pipe } = gathering({ client: "waits" });
    await pipe?.readable.cancel();
    expect((await done).kind).toBe("whole");
  });

  it("passes the body on when others hold the whole budget, and returns its share", async () => {
    const budget = new ByteBudget(7);
    const { done, sent } = gathering({ budget });
    expect((await done).kind).toBe("passed");
    expect(await sent).toBe("helloworld");
    expect(budget.take(7)).toBe(true);
    expect(budget.take(1)).toBe(false);
  });

  it.each([null, 10])(
    "fails the client of a passed body that breaks off: %s",
    async (bodyBytes) => {
      for (const ends of ["error", "close"] as const) {
        const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
          async start(controller) {
            controller.enqueue(encoder.encode("hello"));
            await idle();
            controller[ends]();
          },
        });
        const { done, sent, streaming, kept } = gathering({
          source,
          bodyBytes,
          budget: new ByteBudget(4),
        });
        const isWhole = bodyBytes === null && ends === "close";
        expect([(await done).kind, await sent]).toEqual(["passed", isWhole ? "hello" : "failed"]);
        expect([streaming, kept()]).toEqual([[false], undefined]);
      }
    },
  );

  it("keeps its share of the budget until a slow client has the body", async () => {
    const budget = new ByteBudget(10);
    const { done, pipe } = gathering({ client: "waits", budget });
    const gathered = await done;
    expect([gathered.kind, budget.take(1)]).toEqual(["whole", false]);
    expect(await new Response(pipe?.readable).text()).toBe("helloworld");
    await (gathered.kind === "whole" && gathered.sent);
    expect([budget.take(10), budget.take(1)]).toEqual([true, false]);
  });

  it("returns its share of the budget when a slow client leaves", async () => {
    const budget = new ByteBudget(10);
    const { done, pipe } = gathering({ client: "waits", budget });
    const gathered = await done;
    await pipe?.readable.cancel();
    await (gathered.kind === "whole" && gathered.sent);
    expect(budget.take(10)).toBe(true);
  });

  it.each([
    ["cut", "breaks", null],
    ["too-short", "ends", 6],
  ] as const)(
    "returns its share of the budget for a body that is %s",
    async (_id, end, bodyBytes) => {
      const budget = new ByteBudget(5);
      const source = chunked(["hello"], end);
      await gathering({ source, client: "waits", budget, bodyBytes }).done;
      expect(budget.take(5)).toBe(true);
    },
  );

  it.each([
    { id: "at once", chunks: "0123456789".split(""), expected: [1, 9] },
    { id: "a slice at a time", chunks: largeChunks, expected: [50_000, 65_536, 65_536, 18_928] },
  ])(
    "lets a slow client read the kept body itself, without a copy: $id",
    async ({ chunks, expected }) => {
      const source = chunked(chunks);
      const budget = new ByteBudget(1_000_000);
      const { done, pipe } = gathering({ source, client: "waits", budget, bufferBytes: 200_000 });
      expect(await wholeOf(await done)).toBe(chunks.join(""));
      const reader = pipe?.readable.getReader();
      const slices: number[] = [];
      let text = "";
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        slices.push(read.value.byteLength);
        text += new TextDecoder().decode(read.value);
      }
      expect(text).toBe(chunks.join(""));
      expect(slices).toEqual(expected);
    },
  );

  it.each([
    ["has left", "waits"],
    ["is absent", "nobody"],
  ] as const)(
    "ends in time, and returns its share of the budget, if the client %s",
    async (_id, client) => {
      const budget = new ByteBudget(10);
      let isCancelled = false;
      const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => controller.enqueue(encoder.encode("a")),
        cancel: () => void (isCancelled = true),
      });
      const { done, pipe } = gathering({ source, client, budget, isOverdue: true });
      await pipe?.readable.cancel();
      expect(await done).toEqual({ kind: "cut" });
      expect([budget.take(10), isCancelled]).toEqual([true, true]);
    },
  );

  it("continues for a client that waits, even after the time of the fill", async () => {
    const { done, sent } = gathering({ isOverdue: true });
    expect([(await done).kind, await sent]).toEqual(["whole", "helloworld"]);
  });

  it("keeps an empty body as a whole one", async () => {
    const { done, sent } = gathering({ source: chunked([]) });
    expect(await wholeOf(await done)).toBe("");
    expect(await sent).toBe("");
  });

  it.each([
    ["breaks-off", ["hello"], "breaks", null, "failed"],
    ["shorter-than-said", ["hello"], "ends", 6, "failed"],
    ["longer-than-said", ["hello", "!"], "ends", 5, "failed"],
    ["as-long-as-said", ["hello"], "ends", 5, "hello"],
  ] as const)(
    "compares the body with its stated length: %s",
    async (_id, chunks, end, bodyBytes, expected) => {
      const { done, sent } = gathering({ source: chunked([...chunks], end), bodyBytes });
      expect((await done).kind).toBe(expected === "failed" ? "cut" : "whole");
      expect(await sent).toBe(expected);
    },
  );
});

describe("gathering a body larger than the buffer", () => {
  const long = ["0123456789", "abcdefghij", "ABCDEFGHIJ"];

  it.each([
    ["at-the-limit", ["01234", "56789"], "whole"],
    ["one-over", ["01234", "567890"], "streamed"],
  ])("streams only a body that exceeds the buffer: %s", async (_id, chunks, kind) => {
    const { done } = gathering({ source: chunked(chunks) });
    expect((await done).kind).toBe(kind);
  });

  it("sends the body to client and edge tier, and notifies waiting requests", async () => {
    const { done, sent, kept, streaming } = gathering({ source: chunked(long) });
    expect((await done).kind).toBe("streamed");
    expect([await sent, await kept()]).toEqual([long.join(""), long.join("")]);
    expect(streaming).toEqual([true]);
  });

  /** A body of ten bytes per pull. It is far longer than any test should read. */
  function lasting() {
    const told = { pulls: 0, isCancelled: false };
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        told.pulls += 1;
        controller.enqueue(encoder.encode("0123456789"));
        if (told.pulls === 1_000) controller.close();
      },
      cancel() {
        told.isCancelled = true;
      },
    });
    return { source, told };
  }

  /** Reads a number of chunks, and then stops. */
  async function taken(stream: ReadableStream<Uint8Array> | undefined, count = 5): Promise<void> {
    const reader = stream?.getReader();
    for (let chunk = 0; chunk < count; chunk += 1) await reader?.read();
    await idle();
  }

  it.each(["client", "edge tier"])("reads the body no faster than the %s does", async (slow) => {
    const { source, told } = lasting();
    const isClient = slow === "client";
    const { pipe, overflow } = gathering(
      isClient ? { source, client: "waits" } : { source, edge: "waits" },
    );
    if (!isClient) await until(() => overflow.length === 1);
    await taken(isClient ? pipe?.readable : overflow[0]);
    expect(told.pulls).toBeGreaterThanOrEqual(5);
    expect(told.pulls).toBeLessThan(10);
  });

  it("ends when the client leaves, and the edge tier keeps nothing", async () => {
    const { source, told } = lasting();
    const { done, pipe, overflow, kept } = gathering({ source, client: "waits" });
    await until(() => overflow.length === 1);
    await pipe?.readable.cancel();
    await done;
    expect([await kept(), told.isCancelled]).toEqual(["failed", true]);
  });

  it("still sends the body to the client when the edge tier fails", async () => {
    const { done, sent } = gathering({ source: chunked(long), edge: "fails" });
    expect(await sent).toBe(long.join(""));
    expect((await done).kind).toBe("streamed");
  });

  it("takes at least 40 KiB of the budget while the body is streamed", async () => {
    const budget = new ByteBudget(1_000_000);
    const { source } = lasting();
    const { pipe, overflow } = gathering({ source, client: "waits", edge: "waits", budget });
    await taken(pipe?.readable, 2);
    await taken(overflow[0], 2);
    const leftBytes = 1_000_000 - 40_960;
    expect([budget.hasRoomFor(leftBytes), budget.hasRoomFor(leftBytes + 1)]).toEqual([true, false]);
  });

  it.each([
    ["breaks-off", "breaks", null],
    ["shorter-than-said", "ends", 31],
    ["longer-than-said", "ends", 29],
  ] as const)("keeps no part of a faulty body: %s", async (_id, end, bodyBytes) => {
    const { done, sent, kept } = gathering({ source: chunked(long, end), bodyBytes });
    await done;
    expect([await sent, await kept()]).toEqual(["failed", "failed"]);
  });

  it.each([
    ["no-edge-tier", 0, null, 0, undefined],
    ["said-too-large", 20, 30, 0, undefined],
    ["grew-too-large", 20, null, 1, "failed"],
    ["at-the-limit", 30, 30, 1, long.join("")],
  ])(
    "sends the body to the edge tier only if it fits: %s",
    async (_id, streamBytesMax, bodyBytes, opened, expected) => {
      const source = chunked(long);
      const { done, sent, overflow, kept } = gathering({ source, streamBytesMax, bodyBytes });
      await done;
      expect(await sent).toBe(long.join(""));
      expect([overflow.length, await kept()]).toEqual([opened, expected]);
    },
  );

  it("sends the body only to the edge tier if no client waits", async () => {
    const { done, kept } = gathering({ source: chunked(long), client: "nobody" });
    await done;
    expect(await kept()).toBe(long.join(""));
  });
});
