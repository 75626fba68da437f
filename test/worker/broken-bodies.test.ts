// Tests bodies that end with an error, or before their Content-Length, or in a transfer coding that
// nobody decodes, over real sockets. Such bodies are never stored, and never sent as if they were complete.
import { createServer, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { listening } from "../../testing/listening.ts";
import { type RawAnswer, cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled } from "../../testing/worker/world.ts";

const bodyBytes = 200_000;
const body = Buffer.alloc(bodyBytes, "0123456789abc");
const head = (fields: string) =>
  `HTTP/1.1 200 OK\r\ncache-control: max-age=600\r\netag: "1"\r\n${fields}\r\n\r\n`;
const chunk = (bytes: Buffer) => [`${bytes.length.toString(16)}\r\n`, bytes, "\r\n"];

/** How an origin answers, and how its connection ends. */
type Manner = (socket: Socket) => void;

function said(socket: Socket, parts: readonly (string | Buffer)[], end: "ends" | "resets"): void {
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
  // A reset discards unread bytes of the other side, so the reset waits until they are read.
  if (end === "ends") socket.end();
  else socket.write("", () => setTimeout(() => socket.resetAndDestroy(), 200));
}

const manners: Record<string, Manner> = {
  "shorter than its Content-Length": (socket) =>
    said(socket, [head(`content-length: ${bodyBytes + 1}`), body], "ends"),
  "reset before its Content-Length": (socket) =>
    said(socket, [head(`content-length: ${2 * bodyBytes}`), body], "resets"),
  "larger than the memory for it, and shorter than its Content-Length": (socket) =>
    said(
      socket,
      [head(`content-length: ${100 * bodyBytes}`), Buffer.alloc(90 * bodyBytes)],
      "ends",
    ),
  "chunked, then reset": (socket) =>
    said(socket, [head("transfer-encoding: chunked"), ...chunk(body)], "resets"),
  "chunked, ended without its last chunk": (socket) =>
    said(socket, [head("transfer-encoding: chunked"), ...chunk(body)], "ends"),
  "chunked, ended within a chunk": (socket) =>
    said(socket, [head("transfer-encoding: chunked"), "fffff\r\n", body], "ends"),
  ...Object.fromEntries(
    ["gzip, chunked", "gzip\r\nTransfer-Encoding: chunked", "gzip", "chunked, identity"].map(
      (coding): [string, Manner] => [
        `in the transfer coding ${coding}`,
        (socket) =>
          said(socket, [head(`Transfer-Encoding: ${coding}`), ...chunk(body), "0\r\n\r\n"], "ends"),
      ],
    ),
  ),
};

let manner: Manner;
const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.on("data", () => manner(socket));
});
const origin = await listening(server);
const lines: string[] = [];
const originUrl = origin.url;
const world = await startWorld({ originUrl, onLine: (line) => void lines.push(line) });
const colo = world.colos[0]!;
afterAll(async () => {
  await world.stop();
  await origin.stop();
});

const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  rawRequest(colo.url, path, { headers, method });

/** Returns whether the client sees an error: a 5xx, a failed connection or a cut body. */
const brokenOff = async (answer: Promise<RawAnswer>) =>
  answer.then(
    ({ isCut, status }) => isCut || status >= 500,
    () => true,
  );

const rows = Object.entries(manners).map(([id, broken]) => ({ id, broken }));

describe.each(rows)("a body that is $id", ({ id, broken }) => {
  const path = (name: string) => `/${name}/${id.replaceAll(/\W+/g, "-")}`;

  it("causes an error for the first client and for each concurrent client", async () => {
    manner = broken;
    const answers = Array.from({ length: 4 }, () => brokenOff(ask(path("fill"))));
    expect(await Promise.all(answers)).toEqual([true, true, true, true]);
  });

  it("is not stored, neither whole nor in part, nor its head", async () => {
    manner = broken;
    await brokenOff(ask(path("after")));
    await storesSettled(colo);
    const whole = `content-length: ${bodyBytes}`;
    manner = (socket) => said(socket, [head(whole)], "ends");
    const headers = await ask(path("after"), {}, "HEAD");
    expect(cacheStatusOf(headers)).toContain("fwd=uri-miss");
    manner = (socket) => said(socket, [head(whole), body], "ends");
    const part = await ask(path("after"), { range: "bytes=0-9" });
    expect(cacheStatusOf(part)).toContain("fwd=uri-miss");
    await storesSettled(colo);
    const hit = await ask(path("after"));
    expect([cacheStatusOf(hit).includes("hit"), hit.body.equals(body)]).toEqual([true, true]);
  });

  it("causes an error for a client that requests a range", async () => {
    manner = broken;
    expect(await brokenOff(ask(path("range"), { range: "bytes=0-99999999" }))).toBe(true);
  });
});

it("a body that is longer than its Content-Length is cut at this length", async () => {
  manner = (socket) => said(socket, [head("content-length: 10"), body], "ends");
  const first = await ask("/longer");
  expect([first.isCut, first.body.toString()]).toEqual([false, "0123456789"]);
  await storesSettled(colo);
  const second = await ask("/longer");
  expect([second.isCut, second.body.toString()]).toEqual([false, "0123456789"]);
});

it("no broken body is an uncaught exception to the runtime", () => {
  expect(lines.filter((line) => /uncaught/i.test(line))).toEqual([]);
});
