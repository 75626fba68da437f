// Tests on workerd that this source and the last release alternate over the same Durable Objects: the
// SQLite of Node, which other tests use, allows more statements.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startColo } from "../../local/colo.ts";
import { callPath, framed, unframed } from "../../src/stores/durable-object/framed-call.ts";
import { namesCovering } from "../../src/purge/journal/book.ts";
import { objectsReleases } from "../../testing/released/release.ts";
import { configured, entries, openWorker } from "../../testing/released/worker-text.ts";

/** Passes a request to an object of the class that the first segment names. */
const worker = `
  export { TidemarkJournal, TidemarkRecords } from "./objects.js";
  export default {
    fetch: async (request, env) => {
      const [, binding, call] = new URL(request.url).pathname.split("/");
      const object = env[binding].get(env[binding].idFromName("one"));
      const body = await request.arrayBuffer();
      return object.fetch(new Request("https://object/" + call, { method: "POST", body }));
    },
  };
`;
const config = JSON.stringify({ routes: [{ name: "rest", match: "*" }] });

it("both versions use the objects of the other, and vouch for no stamp that it has purged", async () => {
  const release = objectsReleases().find((one) => one.worker !== undefined);
  const today = configured(await openWorker(undefined, entries.objects), config);
  const released = configured(release?.worker ?? "", config);
  const folder = await mkdtemp(join(tmpdir(), "tidemark-released-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const objects = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" };
  const shared = { objects, host: "HOST", folder };
  const modules = { "objects.js": released };
  const colo = await startColo({ name: "HOST", worker, modules, port: 0, env: {}, shared });
  onTestFinished(() => colo.stop());
  const deploy = (code: string) =>
    colo.replaceWorker({ worker, modules: { "objects.js": code }, env: {}, shared });

  const sent = async (path: string, body: string | ArrayBuffer) => {
    const reply = await fetch(`${colo.url}/${path}`, { method: "POST", body });
    expect([path, reply.status]).toEqual([path, 200]);
    return reply.arrayBuffer();
  };
  const call = async (name: string, ask: object): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await sent(`JOURNAL/${name}`, JSON.stringify(ask))));
  const append = async (tag: string) => {
    const entry = { n: "n", fields: ["v", "1"], tags: [`tag:${tag}`], prefixes: [] };
    const limits = { keptCount: 100, countMax: 100, charsMax: 100_000 };
    const reply = await call("append", {
      request: crypto.randomUUID(),
      entries: [entry],
      ...limits,
    });
    return (reply as { places: [{ n: string }] }).places[0].n;
  };
  const storesRecord = async (pathOf: (name: "write" | "read") => string) => {
    const record = { key: "page", keepMs: 60_000, head: "{}" };
    await sent(`RECORDS/${pathOf("write")}`, await framed(record, new Uint8Array(20)));
    const read = await sent(
      `RECORDS/${pathOf("read")}`,
      await framed({ key: "page", part: "whole" }),
    );
    expect(unframed(read)).toMatchObject({ message: { head: "{}" }, body: { length: 20 } });
  };

  let first = await append("first");
  await append("release");
  await storesRecord((name) => name);
  for (const round of ["a", "b"]) {
    await deploy(today);
    await storesRecord(callPath);
    const end = await append(`today ${round}`);
    const names = namesCovering({ url: "https://a.example/a", route: "rest", tags: ["release"] });
    const of = (n: string) => ({ n, names });
    expect(await call("unpurged", { end, records: [of(first), of(end)] })).toEqual([false, true]);
    await deploy(released);
    await storesRecord((name) => name);
    const record = { n: first, tags: [`tag:today ${round}`], paths: ["/a", "https://a.example/a"] };
    expect(await call("unpurged", { end, records: [record] })).toEqual([false]);
    first = await append(`release, ${round}`);
    await append("release");
  }
});
