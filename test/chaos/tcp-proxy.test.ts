// The proxy before a plain echo server and a plain HTTP server: each behaviour, for connections
// that stand and for new ones, and nothing left behind.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { Running } from "../../local/running.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { rubbishBodies } from "./rubbish.ts";
import type { Behaviour } from "./behaviour.ts";
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
  proxy = await running.add(TcpProxy.start(`tcp://127.0.0.1:${portOf(echo)}`));
});

afterEach(async () => {
  for (const talk of talks.splice(0)) talk.socket.destroy();
  await running.stop();
  echo.close();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** One connection to the proxy, and what has come back on it. */
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

  /** Says something and waits until as much has come back. */
  async echoed(said: string): Promise<void> {
    const wantedBytes = this.bytes.length + said.length;
    this.socket.write(said);
    while (this.bytes.length < wantedBytes) await once(this.socket, "data");
  }

  /** Nothing comes for that long. */
  async isSilentFor(ms: number): Promise<boolean> {
    const before = this.bytes.length;
    const silence = new Promise((resolve) => setTimeout(() => resolve("silent"), ms));
    const first = await Promise.race([silence, this.ended]);
    return first === "silent" && this.bytes.length === before;
  }
}

async function standing(): Promise<Talk> {
  const talk = new Talk();
  await talk.echoed("hello");
  return talk;
}

describe("open", () => {
  it("passes bytes both ways, in order, and half-closed connections on", async () => {
    const talk = await standing();
    const long = Buffer.alloc(3_000_000, "0123456789");
    talk.socket.end(long);
    expect(await talk.ended).toBe("ended");
    expect(talk.bytes.equals(Buffer.concat([Buffer.from("hello"), long]))).toBe(true);
  });

  it("resets its client where nobody listens behind it", async () => {
    echo.close();
    expect(await new Talk().ended).toBe("reset");
  });
});

describe("slow", () => {
  it("takes its time each way, on a connection that stands", async () => {
    const talk = await standing();
    await proxy.become({ kind: "slow", eachWayMs: 60 });
    const startedAtMs = performance.now();
    await talk.echoed("there and back");
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(118);
    expect(talk.bytes.toString()).toBe("hellothere and back");
  });

  it("delays and does not throttle: what follows closely arrives closely", async () => {
    await proxy.become({ kind: "slow", eachWayMs: 100 });
    const talk = new Talk();
    const startedAtMs = performance.now();
    await talk.echoed("x".repeat(8_000_000));
    // Piece by piece it would take 100 ms for each 64 KiB.
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});

describe("black-hole", () => {
  it("swallows what stands and what comes, and what was swallowed never comes", async () => {
    const before = await standing();
    await proxy.become({ kind: "black-hole" });
    const after = new Talk();
    for (const talk of [before, after]) talk.socket.write("anybody?");
    expect(await Promise.all([before, after].map((talk) => talk.isSilentFor(150)))).toEqual([
      true,
      true,
    ]);
    await proxy.become({ kind: "open" });
    before.socket.write("and now?");
    expect(await before.isSilentFor(100)).toBe(true);
    await standing();
  });

  it("leaves alone who said nothing meanwhile", async () => {
    const talk = await standing();
    await proxy.become({ kind: "black-hole" });
    await proxy.become({ kind: "open" });
    await talk.echoed("again");
    expect(talk.bytes.toString()).toBe("helloagain");
  });

  it("swallows what is still on its way", async () => {
    const talk = await standing();
    await proxy.become({ kind: "slow", eachWayMs: 50 });
    talk.socket.write("late");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await proxy.become({ kind: "black-hole" });
    expect(await talk.isSilentFor(200)).toBe(true);
  });
});

describe.each([
  { behaviour: { kind: "resets" }, forNew: "reset" },
  { behaviour: { kind: "refuses" }, forNew: "refused" },
] as const)("$behaviour.kind", ({ behaviour, forNew }) => {
  it("ends what stands with RST, and takes nothing new until it is open again", async () => {
    const talk = await standing();
    await proxy.become(behaviour);
    expect([await talk.ended, await new Talk().ended]).toEqual(["reset", forNew]);
    await proxy.become({ kind: "open" });
    await standing();
  });
});

it("throttles to so many bytes a second", async () => {
  const talk = await standing();
  await proxy.become({ kind: "throttles", bytesPerSecond: 20_000 });
  const startedAtMs = performance.now();
  await talk.echoed("x".repeat(4_000));
  const tookMs = performance.now() - startedAtMs;
  // Ten parts, and nine waits between them.
  expect(tookMs).toBeGreaterThanOrEqual(175);
  expect(tookMs).toBeLessThan(10_000);
});

it.each([0, 1, 7, 20])("cuts behind %i bytes of each answer", async (afterBytes) => {
  await proxy.become({ kind: "cuts", afterBytes });
  const talk = new Talk();
  talk.socket.write("0123456789".repeat(3));
  expect(await talk.ended).toBe("ended");
  expect(talk.bytes.toString()).toBe("0123456789".repeat(3).slice(0, afterBytes));
});

describe("answers of its own", () => {
  const answers = async (behaviour: Behaviour) => {
    await proxy.become(behaviour);
    const said: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const talk = new Talk();
      talk.socket.write("question");
      expect(await talk.ended).toBe("ended");
      said.push(talk.bytes.toString("hex"));
    }
    return said;
  };

  it.each(["garbage", "rubbish"] as const)("of the same seed are the same: %s", async (kind) => {
    const first = await answers({ kind, seed: 7 });
    expect(await answers({ kind, seed: 7 })).toEqual(first);
    expect(await answers({ kind, seed: 8 })).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  });

  it("are well-formed HTTP where they are called rubbish", async () => {
    await proxy.become({ kind: "rubbish", seed: 1 });
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await rawRequest(proxy.url.replace("tcp:", "http:"), "/", {
        method: "POST",
        body: "x".repeat(300_000),
      });
      expect([answer.status, answer.isCut]).toEqual([200, false]);
      expect(rubbishBodies).toContain(answer.body.toString());
    }
  });
});

it("stands before an HTTP server, and leads elsewhere when told", async () => {
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) =>
      running.add(startScriptedOrigin((_, response) => void response.end(name))),
    ),
  );
  const front = await running.add(TcpProxy.start(first!.url));
  expect((await rawRequest(front.url, "/")).body.toString()).toBe("first");
  front.leadTo(second!.url);
  expect((await rawRequest(front.url, "/")).body.toString()).toBe("second");
  await front.become({ kind: "cuts", afterBytes: 60 });
  await expect(rawRequest(front.url, "/")).rejects.toThrow("socket hang up");
});

it.each([{ kind: "open" }, { kind: "black-hole" }, { kind: "slow", eachWayMs: 60_000 }] as const)(
  "stops for good with connections under way: $kind",
  async (behaviour) => {
    const talk = await standing();
    await proxy.become(behaviour);
    talk.socket.write("unheard");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await proxy.stop();
    expect(await talk.ended).toBe("reset");
    expect(proxy.connectionCount).toBe(0);
    expect(await new Talk().ended).toBe("refused");
    echo.close();
    await once(echo, "close");
  },
);
