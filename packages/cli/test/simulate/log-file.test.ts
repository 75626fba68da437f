// Tests how a log is streamed: its packing, order, malformed lines and limits.
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { FormatName } from "../../src/simulate/formats.ts";
import { readLog } from "../../src/simulate/log-file.ts";

const line = (second: number, target = "/") =>
  `192.0.2.1 - - [01/Nov/2026:00:${String(Math.floor(second / 60)).padStart(2, "0")}:${String(second % 60).padStart(2, "0")} +0000] "GET ${target} HTTP/1.1" 200 1`;

async function readFrom(chunks: readonly (string | Uint8Array)[], format?: FormatName) {
  const targets: (string | undefined)[] = [];
  const ats: number[] = [];
  const lines = await readLog(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), {
    name: "a.log",
    format,
    play: ({ target, atMs }) => {
      targets.push(target);
      ats.push((atMs - Date.UTC(2026, 10, 1)) / 1_000);
    },
  });
  return { lines, targets, ats };
}

const text = `${line(1, "/ä")}\r\n\n${line(2, "/b")}`;

describe("a log", () => {
  it.each([
    ["plain", [text]],
    [
      "in chunks that cut characters and lines",
      [...Buffer.from(text)].map((byte) => Uint8Array.of(byte)),
    ],
    ["as gzip", [gzipSync(text)]],
    ["as gzip in small chunks", [...gzipSync(text)].map((byte) => Uint8Array.of(byte))],
    ["as two gzip files in one", [gzipSync(`${line(1, "/ä")}\n`), gzipSync(line(2, "/b"))]],
  ])("is read %s", async (_name, chunks) => {
    const { lines, targets } = await readFrom(chunks);
    expect(targets).toEqual(["/ä", "/b"]);
    expect(lines).toMatchObject({ format: "common", requests: 2, bad: 0 });
  });

  it.each([
    ["nothing", []],
    ["an empty chunk", [""]],
    ["empty lines", ["\n\n\n"]],
  ])("may have no requests: %s", async (_name, chunks) => {
    expect((await readFrom(chunks)).lines).toMatchObject({ requests: 0, bad: 0 });
  });
});

describe("the order of a log", () => {
  it("is sorted by time, and what is too late counts at the time of the last request", async () => {
    const near = await readFrom([[5, 3, 4, 1].map((second) => line(second)).join("\n")]);
    expect([near.ats, near.lines.late]).toEqual([[1, 3, 4, 5], 0]);
    const long = Array.from({ length: 4_000 }, (_, nth) => line(1_000 + (nth % 2)));
    const far = await readFrom([[...long, line(7)].join("\n")]);
    expect([far.ats.at(0), far.ats.includes(7), far.lines.late]).toEqual([1_000, false, 1]);
  });

  it("has the requests of a second spread over it, if its times are whole seconds", async () => {
    const { ats } = await readFrom([[1, 1, 1, 1, 2].map((second) => line(second)).join("\n")]);
    expect(ats).toEqual([1, 1.25, 1.5, 1.75, 2]);
    const busy = await readFrom([Array.from({ length: 9_000 }, () => line(1)).join("\n")]);
    expect(busy.lines.late).toBe(0);
    expect(busy.ats).toEqual(busy.ats.toSorted((one, other) => one - other));
    expect(busy.ats.at(-1)).toBeLessThanOrEqual(2);
  });
});

describe("a faulty log", () => {
  it("has its malformed lines counted, the first with their numbers", async () => {
    const lines = Array.from({ length: 100 }, (_, nth) =>
      nth % 10 === 3 ? `bad ${nth}` : line(nth),
    );
    expect((await readFrom([lines.join("\n")])).lines).toMatchObject({
      requests: 90,
      bad: 10,
      firstBad: [
        { number: 4, text: "bad 3" },
        { number: 14, text: "bad 13" },
        { number: 24, text: "bad 23" },
      ],
    });
  });

  it("is refused if more than a fifth of its lines are malformed", async () => {
    const lines = Array.from({ length: 100 }, (_, nth) => (nth % 4 === 0 ? "bad" : line(nth)));
    await expect(readFrom([lines.join("\n")])).rejects.toThrow(
      "a.log is not in the format common. 25 lines cannot be read, first 1 (bad), 5 (bad), 9 (bad).",
    );
  });

  it("is refused if no line is in a known format, or in that of --format", async () => {
    await expect(readFrom(["a\nb\nc"])).rejects.toThrow("a.log is in an unknown format.");
    await expect(readFrom([text], "logpush")).rejects.toThrow("is not in the format logpush.");
  });

  it("does not keep a line of more than 64 KiB", async () => {
    const long = "x".repeat(40_000);
    const { lines, targets } = await readFrom([
      `${line(1)}\n`,
      long,
      long,
      long,
      `\n${line(2)}\n${line(3)}\n${line(4)}`,
    ]);
    expect(targets.length).toBe(4);
    expect(lines.firstBad).toEqual([{ number: 2, text: "a line of over 64 KiB" }]);
  });

  it("is refused if its gzip is cut", async () => {
    const cut = gzipSync(text.repeat(100)).subarray(0, 60);
    await expect(readFrom([cut])).rejects.toThrow("a.log cannot be read.");
  });
});
