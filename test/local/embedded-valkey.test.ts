// Tests the embedded Valkey. It starts and answers quickly, prints nothing, and ends with its
// parent.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";

const waitTimeout = { interval: 10, timeout: 120_000 };
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function start(port = 0) {
  const valkey = await startEmbeddedValkey({ port });
  cleanUps.push(() => valkey.stop());
  return valkey;
}

function open(url: string): Redis {
  const client = new Redis(url, { protocol: 2, disableClientInfo: true, retryStrategy: null });
  client.on("error", () => undefined);
  cleanUps.push(() => client.disconnect());
  return client;
}

/** Starts a Valkey in its own process, which a test can kill. */
async function startInParent() {
  const moduleUrl = new URL("../../local/embedded-valkey.ts", import.meta.url).href;
  const script = `
    const { startEmbeddedValkey } = await import(${JSON.stringify(moduleUrl)});
    console.log((await startEmbeddedValkey()).url);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanUps.push(() => void parent.kill("SIGKILL"));
  const printed = { stdout: "", stderr: "" };
  parent.stderr.on("data", (chunk) => (printed.stderr += String(chunk)));
  parent.stdout.on("data", (chunk) => (printed.stdout += String(chunk)));
  await expect.poll(() => printed.stdout, waitTimeout).toContain("\n");
  return { parent, url: printed.stdout.trim(), printed };
}

async function durationMs(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe("start", () => {
  it("resolves once the server answers", async () => {
    const { url } = await start();
    expect(await open(url).call("INFO", "server")).toContain("valkey_version:9.");
  });

  it("fails with the number of a port that is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    cleanUps.push(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(startEmbeddedValkey({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use.`,
    );
  });

  it("with a password rejects whoever lacks it, and hides it from other users", async () => {
    const valkey = await startEmbeddedValkey({ password: "s3cret-password" });
    cleanUps.push(() => valkey.stop());
    expect(await open(valkey.url).ping()).toBe("PONG");
    const { host } = new URL(valkey.url);
    for (const user of ["", ":other@"]) {
      await expect(open(`redis://${user}${host}`).ping()).rejects.toThrow(/NOAUTH|WRONGPASS/);
    }
    const args = execFileSync("ps", ["-o", "args=", "-p", String(valkey.pid)], {
      encoding: "utf8",
    });
    expect(args).toContain("embedded-valkey-process");
    expect(args).not.toContain("s3cret");
  });

  it("does not mistake another Valkey at its port for its own", async () => {
    const { port } = new URL((await start()).url);
    await expect(startEmbeddedValkey({ port: Number(port) })).rejects.toThrow("already in use");
  });
});

describe("an answer", () => {
  /** Returns the quartile of the later rounds, so that neither warm-up nor load decides. */
  async function quickRoundMs(round: () => Promise<unknown>): Promise<number> {
    const durationsMs: number[] = [];
    for (let count = 0; count < 60; count += 1) durationsMs.push(await durationMs(round));
    return durationsMs.slice(28).sort((a, b) => a - b)[8] ?? Infinity;
  }

  it("comes at once, not at the next 100 ms tick", async () => {
    const client = open((await start()).url);
    expect(await quickRoundMs(() => client.get("key"))).toBeLessThan(50);
  });

  it("of several writes does not wait 40 ms for the client's ACK", async () => {
    const client = open((await start()).url);
    await client.set("key", "v".repeat(100));
    const round = () => Promise.all(Array.from({ length: 400 }, () => client.get("key")));
    const busyMs = await quickRoundMs(() => client.get("key"));
    expect(await quickRoundMs(round)).toBeLessThan(30 + 10 * busyMs);
  });
});

describe("the embedded Valkey", () => {
  it("can be killed, and started again, empty, at the same address", async () => {
    const first = await start();
    const client = open(first.url);
    await client.set("key", "value");
    const closed = once(client, "close");
    first.kill();
    await closed;
    await first.stop();
    const second = await start(Number(new URL(first.url).port));
    expect(second.url).toBe(first.url);
    expect(await open(second.url).get("key")).toBeNull();
  });

  it("may be stopped twice", async () => {
    const valkey = await start();
    await valkey.stop();
    await valkey.stop();
    expect(await isListening(valkey.url)).toBe(false);
  });

  it("ignores SIGINT, which Ctrl-C also sends to its parent", async () => {
    const valkey = await start();
    const client = open(valkey.url);
    expect(await client.ping()).toBe("PONG");
    process.kill(valkey.pid, "SIGINT");
    for (let count = 0; count < 20; count += 1) expect(await client.ping()).toBe("PONG");
  });

  it("prints nothing, and ends with its parent, even if the parent is killed", async () => {
    const { parent, url, printed } = await startInParent();
    expect(await isListening(url)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => isListening(url), waitTimeout).toBe(false);
    expect(printed).toEqual({ stdout: `${url}\n`, stderr: "" });
    expect(url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  });

  it("ends with its parent even while a script runs for ever", async () => {
    const { parent, url } = await startInParent();
    const client = open(url);
    const endless = client.call("EVAL", "while true do end", "0").catch(String);
    const other = open(url);
    const pingNow = () => Promise.race([other.ping().catch(String), delay(100, "no answer")]);
    await expect.poll(pingNow, waitTimeout).toBe("no answer");
    parent.kill("SIGKILL");
    expect(await endless).toContain("Connection is closed");
    await expect.poll(() => isListening(url), waitTimeout).toBe(false);
  });
});
