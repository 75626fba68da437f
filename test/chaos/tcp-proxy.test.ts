// Each behaviour of the proxy in front of an echo server, for open connections and new ones.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { Running } from "../../local/running.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { rubbishBodies } from "./behaviour.ts";
import { TcpProxy } from "./tcp-proxy.ts";

let running: Running;
let proxy: TcpProxy;
let echo: Server;
const talks: Talk[] = [];

beforeEach(async () => {
  running = new Running();
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const { port } = echo.address() as AddressInfo;
  proxy = await running.add(TcpProxy.start(`tcp://127.0.0.1:${port}`));
});

afterEach(async () => {
  for (const talk of talks.splice(0)) talk.socket.destroy();
  await running.stop();
  echo.close();
});

/** One connection to the proxy, and the bytes that came back. */
class Talk {
  readonly socket: Socket;
  readonly ended: Promise<"ended" | "reset" | "refused">;
  readonly #chunks: Buffer[] = [];

  constructor() {
    this.socket = connect({ port: Number(new URL(proxy.url).port), host: "127.0.0.1" });
    this.socket.on("data", (chunk: Buffer) => void this.#chunks.push(chunk));
    const { promise, resolve } = Promise.withResolvers<"ended" | "reset" | "refused">();
    this.ended = promise;
    this.socket.on("end", () => resolve("ended"));
    this.socket.on("error", ({ message }) =>
      resolve(message.includes("ECONNREFUSED") ? "refused" : "reset"),
    );
    talks.push(this);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Sends a text, and waits until as many bytes have come back. */
  async echoed(said: string): Promise<void> {
    const wantedBytes = this.bytes.length + said.length;
    this.socket.write(said);
    while (this.bytes.length < wantedBytes) await once(this.socket, "data");
  }

  /** @returns whether no byte and no end comes within this time */
  async isSilentFor(ms: number): Promise<boolean> {
    const before = this.bytes.length;
    const silence = new Promise((resolve) => setTimeout(() => resolve("silent"), ms));
    const first = await Promise.race([silence, this.ended]);
    return first === "silent" && this.bytes.length === before;
  }
}

async function openTalk(): Promise<Talk> {
  const talk = new Talk();
  await talk.echoed("hello");
  return talk;
}

it("open: passes bytes both ways, in order, and a half-closed connection", async () => {
  const talk = await openTalk();
  const long = Buffer.alloc(3_000_000, "0123456789");
  talk.socket.end(long);
  expect(await talk.ended).toBe("ended");
  expect(talk.bytes.equals(Buffer.concat([Buffer.from("hello"), long]))).toBe(true);
});

it("slow: delays the bytes of an open connection each way", async () => {
  const talk = await openTalk();
  await proxy.become({ kind: "slow", eachWayMs: 60 });
  const startedAtMs = performance.now();
  await talk.echoed("there and back");
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(118);
  expect(talk.bytes.toString()).toBe("hellothere and back");
});

it("black-hole: drops bytes for good, on open connections and new ones", async () => {
  const before = await openTalk();
  await proxy.become({ kind: "slow", eachWayMs: 50 });
  before.socket.write("on its way");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await proxy.become({ kind: "black-hole" });
  const after = new Talk();
  for (const talk of [before, after]) talk.socket.write("anybody?");
  const silent = await Promise.all([before, after].map((talk) => talk.isSilentFor(150)));
  expect(silent).toEqual([true, true]);
  await proxy.become({ kind: "open" });
  before.socket.write("and now?");
  expect(await before.isSilentFor(100)).toBe(true);
  await openTalk();
});

it.each([
  { kind: "resets", forNew: "reset" },
  { kind: "refuses", forNew: "refused" },
] as const)("$kind: ends open connections with RST until it is open again", async (row) => {
  const talk = await openTalk();
  await proxy.become({ kind: row.kind });
  expect([await talk.ended, await new Talk().ended]).toEqual(["reset", row.forNew]);
  await proxy.become({ kind: "open" });
  await openTalk();
});

it.each([0, 1, 20])("cuts: ends each answer after %i bytes", async (afterBytes) => {
  await proxy.become({ kind: "cuts", afterBytes });
  const talk = new Talk();
  talk.socket.write("0123456789".repeat(3));
  expect(await talk.ended).toBe("ended");
  expect(talk.bytes.toString()).toBe("0123456789".repeat(3).slice(0, afterBytes));
});

describe.each(["garbage", "rubbish"] as const)("%s", (kind) => {
  it("depends on the seed alone", async () => {
    const answers = async (seed: number) => {
      await proxy.become({ kind, seed });
      const said: string[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        const talk = new Talk();
        talk.socket.write("question");
        expect(await talk.ended).toBe("ended");
        said.push(talk.bytes.toString("hex"));
      }
      return said;
    };
    const first = await answers(7);
    expect(await answers(7)).toEqual(first);
    expect(await answers(8)).not.toEqual(first);
  });
});

it("rubbish: is well-formed HTTP", async () => {
  await proxy.become({ kind: "rubbish", seed: 1 });
  const sent = { method: "POST", body: "x".repeat(300_000) };
  const answer = await rawRequest(proxy.url.replace("tcp:", "http:"), "/", sent);
  expect([answer.status, answer.isCut]).toEqual([200, false]);
  expect(rubbishBodies).toContain(answer.body.toString());
});

it("leads to another HTTP server when told", async () => {
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) =>
      running.add(startScriptedOrigin((_, response) => void response.end(name))),
    ),
  );
  const front = await running.add(TcpProxy.start(first!.url));
  expect((await rawRequest(front.url, "/")).body.toString()).toBe("first");
  front.leadTo(second!.url);
  expect((await rawRequest(front.url, "/")).body.toString()).toBe("second");
});
