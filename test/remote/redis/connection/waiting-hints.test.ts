// Tests hints of new entries over a fake connection: lost, late, in storms, refused, and after the
// application has closed its connection.
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectionWords } from "../../../../src/remote/redis/connection/given-connection.ts";
import type { WireCommand } from "../../../../src/remote/redis/connection/connection.ts";
import { WaitingHints } from "../../../../src/remote/redis/connection/waiting-hints.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const entry = [["site:journal", [["1-1", []]]]];

const noPermission = new Error("NOPERM User x has no permissions to run the 'xread' command");

/** A stream, whose `wait` answers each XREAD, and its reader. */
function opened({ isCluster = false, opens = true } = {}) {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const at = { end: 0, known: 0, isOpen: true, opened: 0, closed: 0, reads: [] as number[] };
  const log: string[] = [];
  const sent: WireCommand[] = [];
  const waits: PromiseWithResolvers<unknown>[] = [];
  const ends: (() => void)[] = [];
  const flags = { opens, hangs: false, waits: true, reads: true, refuses: false };
  const connection = {
    isCluster,
    isReady: () => at.isOpen,
    isOpen: () => at.isOpen,
    onError: () => undefined,
    reconnect: () => undefined,
    onEnd: (listener: () => void) => void ends.push(listener),
    send: async () => null,
    transact: async () => [],
    duplicate() {
      let isClosed = false;
      let abort: (cause: Error) => void = () => undefined;
      return {
        open() {
          if (!flags.opens) return Promise.reject(new Error("connect ECONNREFUSED"));
          at.opened += 1;
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          abort = reject;
          if (!flags.hangs) resolve();
          return promise;
        },
        send(command: WireCommand) {
          sent.push(command);
          if (flags.refuses) return Promise.reject(noPermission);
          if (at.end > at.known) return Promise.resolve(entry);
          if (command[4] === "1" || !flags.waits) return Promise.resolve(null);
          const wait = Promise.withResolvers<unknown>();
          waits.push(wait);
          return wait.promise;
        },
        close() {
          if (!isClosed) at.closed += 1;
          isClosed = true;
          abort(new Error("Connection is closed."));
        },
      };
    },
  };
  const stream = {
    key: "site:journal",
    end: () => `${at.known}-0`,
    async read() {
      at.reads.push(Date.now());
      if (flags.reads) at.known = at.end;
    },
    tell: ({ message }: { message: string }) => void log.push(message),
  };
  const wait = new WaitingHints(connection, stream, connectionWords);
  const hints = wait.handTo(stream);
  const append = () => {
    at.end += 1;
    waits.at(-1)?.resolve(entry);
  };
  const close = () => {
    at.isOpen = false;
    for (const end of ends) end();
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { at, log, sent, waits, flags, stream, wait, hints, append, close, pass };
}

describe("an entry of another process", () => {
  it.each([
    { isCluster: false, key: "site:journal" },
    { isCluster: true, key: "{site}:journal" },
  ])("is read at once; in a cluster: $isCluster", async ({ isCluster, key }) => {
    const { at, sent, hints, append, pass } = opened({ isCluster });
    hints.start();
    hints.start();
    await pass(0);
    const wait = (ms: number) => `XREAD COUNT 1 BLOCK ${ms} STREAMS ${key} 0-0`;
    expect(sent.map((command) => command.join(" "))).toEqual([wait(1), wait(20_000)]);
    expect([at.reads, hints.state]).toEqual([[], "on"]);
    append();
    await pass(0);
    expect(at.reads.length).toBe(1);
    await pass(100);
    expect(sent.at(-1)?.at(-1)).toBe("1-0");
  });

  it("causes no read if the process has read it meanwhile", async () => {
    const { at, hints, append, pass } = opened();
    hints.start();
    await pass(0);
    at.known = 1;
    append();
    await pass(1_000);
    expect([at.reads, at.opened]).toEqual([[], 1]);
  });

  it("in a storm causes at most one read per 100 ms", async () => {
    const { at, sent, hints, append, pass } = opened();
    hints.start();
    for (let nth = 0; nth < 1_000; nth += 1) {
      append();
      await pass(1);
    }
    expect(at.reads.length).toBeGreaterThan(8);
    expect(at.reads.length).toBeLessThanOrEqual(11);
    expect(sent.length).toBeLessThanOrEqual(13);
    await pass(200);
    expect(at.known).toBe(1_000);
  });

  it("is tried again ever more rarely if the read fails", async () => {
    const { at, flags, hints, append, pass } = opened();
    flags.reads = false;
    hints.start();
    await pass(0);
    append();
    await pass(60_000);
    expect(at.reads.length).toBeGreaterThan(10);
    expect(at.reads.length).toBeLessThan(20);
    flags.reads = true;
    await pass(5_000);
    expect([at.known, at.opened]).toEqual([1, 1]);
  });
});

describe("a lost connection", () => {
  it("is opened again after a pause, and then finds what was appended meanwhile", async () => {
    const { at, waits, log, hints, append, pass } = opened();
    hints.start();
    await pass(0);
    waits.at(-1)?.reject(new Error("read ECONNRESET"));
    await pass(0);
    append();
    expect(hints.state).toMatch(/^off: The database cannot be reached/);
    await pass(199);
    expect(at.opened).toBe(1);
    await pass(1);
    expect([at.opened, at.closed, at.reads.length, log]).toEqual([2, 1, 1, []]);
  });

  it("that never reports its loss is closed after 25 s", async () => {
    const { at, sent, hints, pass } = opened();
    hints.start();
    await pass(24_999);
    expect([at.opened, at.closed]).toEqual([1, 0]);
    await pass(201);
    expect([at.opened, at.closed, sent.length]).toEqual([2, 1, 4]);
  });

  it("whose waits end at once is asked ever more rarely, and still reads", async () => {
    const { at, sent, flags, hints, append, pass } = opened();
    flags.waits = false;
    hints.start();
    await pass(60_000);
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(25);
    append();
    await pass(5_000);
    expect([at.known, at.opened]).toEqual([1, 1]);
    flags.waits = true;
    await pass(5_000);
    expect(sent.length).toBeLessThan(30);
  });

  it("that hangs while it opens is closed after 10 s, and opened again", async () => {
    const { at, flags, hints, pass } = opened();
    flags.hangs = true;
    hints.start();
    await pass(9_999);
    expect([at.opened, at.closed]).toEqual([1, 0]);
    flags.hangs = false;
    await pass(201);
    expect([at.opened, at.closed, hints.state]).toEqual([2, 1, "on"]);
  });

  it("that cannot be opened is tried each 5 s, and logged once", async () => {
    const { at, flags, log, hints, append, pass } = opened({ opens: false });
    hints.start();
    await pass(600_000);
    expect(log).toEqual([
      "Purges of other processes arrive only by polling, within N. To wait for them with XREAD: The database cannot be reached: check the address of the connection, and that the database runs.",
    ]);
    flags.opens = true;
    append();
    await pass(5_000);
    expect([at.known, hints.state]).toEqual([1, "on"]);
  });
});

it("a refusal is logged once, and tried again ever more rarely, up to each five minutes", async () => {
  const { at, flags, log, hints, pass } = opened();
  flags.refuses = true;
  hints.start();
  await pass(0);
  expect(hints.state).toMatch(/^off: The user may not run a command.*: allow the user reads/);
  await pass(3_600_000);
  expect(at.opened).toBeGreaterThan(12);
  expect(at.opened).toBeLessThan(25);
  expect(log).toEqual([expect.stringContaining("The user may not run a command")]);
  flags.refuses = false;
  await pass(300_000);
  expect(hints.state).toBe("on");
});

describe("an application that closes its connection", () => {
  it("ends the wait, which begins again after a read over an open connection", async () => {
    const { at, hints, close, pass } = opened();
    hints.start();
    await pass(0);
    close();
    await pass(0);
    expect([at.closed, vi.getTimerCount()]).toEqual([1, 0]);
    expect(hints.state).toBe("off: the connection is closed");
    hints.start();
    await pass(10_000);
    expect(at.opened).toBe(1);
    at.isOpen = true;
    hints.start();
    await pass(0);
    expect(at.opened).toBe(2);
  });

  it("also ends a connection that is being opened", async () => {
    const { at, flags, sent, hints, close, pass } = opened();
    flags.hangs = true;
    hints.start();
    close();
    await pass(1_000);
    expect([at.opened, at.closed, sent]).toEqual([1, 1, []]);
  });
});

it("the wait has the context of no client", async () => {
  const users = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const { hints, at, append, pass } = opened();
  vi.spyOn(at.reads, "push").mockImplementation(() => seen.push(users.getStore()));
  users.run("the first client", () => hints.start());
  await pass(0);
  append();
  await pass(0);
  expect(seen).toEqual([undefined]);
});

it("the newest cache replaces an older one, and neither needs a connection of its own", async () => {
  const { at, hints, wait, stream, append, pass } = opened();
  hints.start();
  await pass(0);
  const read = vi.fn<() => Promise<void>>(async () => void (at.known = at.end));
  const newer = wait.handTo({ ...stream, read });
  newer.start();
  hints.start();
  append();
  await pass(0);
  expect([read.mock.calls.length, at.reads, at.opened]).toEqual([1, [], 1]);
  expect([newer.state, hints.state]).toEqual(["on", expect.stringMatching(/^off: a newer cache/)]);
});
