// The demo's purges on their way: sent, refused, seen in each colo, and not lost with the process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startDemoOrigin } from "../../local/demo-origin/demo-origin.ts";
import { editorCookieIn, tokenIn } from "./demo-editor-site.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const slug = "fog-signal-tested";
const text = { title: "New title", lede: "", body: "New body" };
const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  endings.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Receiver {
  url: string;
  /** What the next purges are answered. */
  says: { status: number; body: unknown };
  received: { id: string; order: unknown }[];
}

/** Takes purges as Tidemark does, as far as their senders can tell. */
async function receiver(status: number, body: unknown): Promise<Receiver> {
  const says = { status, body };
  const received: Receiver["received"] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = await textOf(request);
    const headers = request.headers as Record<string, string>;
    const order = new Webhook(secret).verify(sent, headers);
    received.push({ id: String(headers["webhook-id"]), order });
    response.writeHead(says.status, { "content-type": "application/json" });
    response.end(JSON.stringify(says.body));
  };
  const url = await serve((request, response) => void take(request, response));
  return { url: `${url}/_cache/purge`, says, received };
}

const accepted = { position: "7-0", visibleWithinSeconds: 1 };
const malformed = { error: { code: "malformed", what: "No.", why: "Why.", mend: "Mend." } };

/** The editor at a running origin. */
async function editorAt(url: string) {
  const ask = (path: string, cookie: string) => fetch(`${url}${path}`, { headers: { cookie } });
  const post = (path: string, form: Record<string, string>, cookie: string) =>
    fetch(`${url}${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie },
      body: new URLSearchParams(form),
    });
  const { headers } = await post("/editor/log-in", { name: "edit", password: "editor" }, "");
  const cookie = editorCookieIn(headers);
  const token = tokenIn(await (await ask("/editor", cookie)).text());
  return {
    change: (path: string, form: Record<string, string> = {}) =>
      post(`/editor${path}`, { ...form, token }, cookie),
    list: async () =>
      (await (await ask("/editor/purges", cookie)).text()).replaceAll(/<[^>]*>/g, ""),
  };
}

async function start(given: Parameters<typeof startDemoOrigin>[0]) {
  const origin = await startDemoOrigin({ queryMs: 0, ...given });
  endings.push(() => origin.stop());
  return origin;
}

describe("a change", () => {
  it("is purged where the origin was told, signed, and shown as accepted", async () => {
    const tidemark = await receiver(200, accepted);
    const origin = await start({ purge: { url: tidemark.url, secret } });
    const { change, list } = await editorAt(origin.url);
    await change(`/articles/${slug}/correct`, text);
    await vi.waitFor(async () => expect(await list()).toContain("position 7-0"));
    expect(tidemark.received).toHaveLength(1);
    expect(tidemark.received[0]?.order).toMatchObject({ tags: [`article:${slug}`] });
    expect(await list()).toContain(tidemark.received[0]?.id);
  });

  it("made before there was an address is purged once there is one", async () => {
    const tidemark = await receiver(200, accepted);
    const origin = await start({});
    const { change, list } = await editorAt(origin.url);
    await change("/breaking", { text: "Bridge closed." });
    expect(await list()).toContain("not sent");
    origin.sendPurges({ url: tidemark.url, secret }, []);
    await vi.waitFor(() => expect(tidemark.received).toHaveLength(1));
  });

  it("that is refused stays on the desk with the reason, until it is sent again", async () => {
    const tidemark = await receiver(400, malformed);
    const origin = await start({ purge: { url: tidemark.url, secret } });
    const { change, list } = await editorAt(origin.url);
    await change("/breaking", { text: "Bridge closed." });
    await vi.waitFor(async () => expect(await list()).toMatch(/refused\s+No\. Why\. Mend\./));
    Object.assign(tidemark.says, { status: 200, body: accepted });
    const [{ id } = { id: "" }] = tidemark.received;
    await change(`/purges/${id}/send-again`);
    await vi.waitFor(async () => expect(await list()).toContain("position 7-0"));
    await change(`/purges/${id}/send-again`);
    await change("/breaking/clear");
    await vi.waitFor(() => expect(tidemark.received).toHaveLength(3));
    expect(tidemark.received.map((sent) => sent.id === id)).toEqual([true, true, false]);
  });

  it("is watched for in each colo", async () => {
    const tidemark = await receiver(200, accepted);
    const asked = [0, 0];
    const colo = (at: number, sees: (times: number) => Record<string, string> | undefined) =>
      serve((request, response) => {
        // The desk itself asks what readers are shown of the breaking line.
        const isWatched = request.url === `/articles/${slug}`;
        if (isWatched) asked[at] = (asked[at] ?? 0) + 1;
        const fields = isWatched ? sees(asked[at] ?? 0) : {};
        if (fields === undefined) response.destroy();
        else response.writeHead(200, fields).end("page");
      });
    const first = await colo(0, () => ({ "page-version": "2" }));
    const old = (times: number) => ({ "page-version": times > 2 ? "3" : "1" });
    const second = await colo(1, (times) => (times === 1 ? undefined : old(times)));
    const purge = { url: tidemark.url, secret };
    const origin = await start({ purge, colos: [first, second, "http://127.0.0.1:9"] });
    const { change, list } = await editorAt(origin.url);
    await change(`/articles/${slug}/withdraw`);
    await vi.waitFor(async () => expect(await list()).toMatch(/colo-2 \d\.\d s/), {
      timeout: 5_000,
    });
    expect(await list()).toMatch(/colo-1 0\.\d s, colo-2 0\.[4-9] s, colo-3 not yet/);
    expect(asked).toEqual([1, 3]);
  });

  it("does not keep an origin from stopping, whoever does not answer", async () => {
    const tidemark = await receiver(200, accepted);
    let asked = 0;
    const silent = await serve((request, response) => {
      if (request.url === "/breaking") response.end();
      else asked += 1;
    });
    const purge = { url: tidemark.url, secret };
    const origin = await start({ purge, colos: [silent] });
    const { change } = await editorAt(origin.url);
    await change(`/articles/${slug}/withdraw`);
    await vi.waitFor(() => expect(asked).toBe(1));
    const beganAtMs = performance.now();
    await Promise.all([origin.stop(), origin.stop()]);
    expect(performance.now() - beganAtMs).toBeLessThan(1_000);
  });

  it("cannot be sent under a secret or to an address that cannot work", async () => {
    const url = "http://127.0.0.1:9/_cache/purge";
    await expect(startDemoOrigin({ purge: { url, secret: "hidden" } })).rejects.toThrow(/whsec_/);
    const purge = { url: "http://127.0.0.1:9/", secret };
    await expect(startDemoOrigin({ purge })).rejects.toThrow(/_cache\/purge/);
  });
});

describe("an origin killed between commit and purge", () => {
  it("delivers the same message when it is started again over its file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "demo-editor-"));
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const databasePath = join(folder, "newsroom.db");
    const tidemark = await receiver(503, {});
    const child = startInChild({ databasePath, queryMs: 0, purge: { url: tidemark.url, secret } });
    const { change } = await editorAt(await child.url);
    expect((await change(`/articles/${slug}/correct`, text)).status).toBe(303);
    child.process.kill("SIGKILL");
    await once(child.process, "exit");
    const triedBefore = tidemark.received.length;

    Object.assign(tidemark.says, { status: 200, body: accepted });
    const origin = await start({ databasePath, purge: { url: tidemark.url, secret } });
    expect(origin.newsroom.versionOf(slug)?.version).toBe(2);
    const { list } = await editorAt(origin.url);
    await vi.waitFor(async () => expect(await list()).toContain("position 7-0"), {
      timeout: 5_000,
    });
    expect(tidemark.received.length).toBeGreaterThan(triedBefore);
    expect(new Set(tidemark.received.map(({ id }) => id)).size).toBe(1);
    expect(tidemark.received.at(-1)?.order).toMatchObject({ tags: [`article:${slug}`] });
  });
});

function startInChild(given: object): { process: ChildProcess; url: Promise<string> } {
  const module = new URL("../../local/demo-origin/demo-origin.ts", import.meta.url).href;
  const program = `
    const { startDemoOrigin } = await import(${JSON.stringify(module)});
    const { url } = await startDemoOrigin(${JSON.stringify(given)});
    process.stdout.write(url);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  endings.push(async () => child.kill("SIGKILL"));
  const url = once(child.stdout, "data").then(([chunk]) => String(chunk));
  return { process: child, url };
}
