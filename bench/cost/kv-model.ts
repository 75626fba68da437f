// A model of Workers KV for several colos. A colo sees its own writes at once, and those of other
// colos after a delay. It also keeps a copy of each value that it reads, even of an absent one
// (developers.cloudflare.com, "How KV works").
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** The time until another colo can read a write, in seconds. A copy there lasts `cacheTtl` longer. */
export const kvDelaySeconds = 30;

type Value = Buffer | undefined;

interface Version {
  readonly value: Value;
  readonly atMs: number;
  readonly colo: string;
}

export interface KvCounts {
  read: number;
  write: number;
  delete: number;
}

export class KvModel {
  readonly #nowAtMs: () => number;
  readonly #timesFaster: number;
  readonly #versions = new Map<string, readonly Version[]>();
  /** The copies of each colo, by colo and key. */
  readonly #copies = new Map<string, { readonly value: Value; readonly atMs: number }>();
  counts: KvCounts = { read: 0, write: 0, delete: 0 };
  lastAtMs = 0;

  /** @param timesFaster the speed of the run relative to real life, by which delays are shorter */
  constructor(nowAtMs: () => number, timesFaster: number) {
    this.#nowAtMs = nowAtMs;
    this.#timesFaster = timesFaster;
  }

  #passed(sinceMs: number, seconds: number): boolean {
    return this.#nowAtMs() - sinceMs >= (seconds * 1_000) / this.#timesFaster;
  }

  read(colo: string, key: string, cacheTtlSeconds: number): Value {
    this.#count("read");
    const copy = this.#copies.get(`${colo} ${key}`);
    if (copy !== undefined && !this.#passed(copy.atMs, cacheTtlSeconds)) return copy.value;
    const versions = this.#versions.get(key) ?? [];
    const seenAt = versions.findLastIndex(
      (one) => one.colo === colo || this.#passed(one.atMs, kvDelaySeconds),
    );
    const value = versions[seenAt]?.value;
    this.#copies.set(`${colo} ${key}`, { value, atMs: this.#nowAtMs() });
    return value;
  }

  /** @param value `undefined` to delete the key */
  write(colo: string, key: string, value: Value): void {
    this.#count(value === undefined ? "delete" : "write");
    const atMs = this.#nowAtMs();
    const before = this.#versions.get(key) ?? [];
    const seenByAll = before.findLastIndex((one) => this.#passed(one.atMs, kvDelaySeconds));
    this.#versions.set(key, [...before.slice(Math.max(0, seenByAll)), { value, atMs, colo }]);
    this.#copies.set(`${colo} ${key}`, { value, atMs });
  }

  #count(kind: keyof KvCounts): void {
    this.counts[kind] += 1;
    this.lastAtMs = performance.now();
  }
}

/** Serves a model over HTTP. A URL has the path `/<colo>/<key>`, and reads the query `?cacheTtl=`. */
export async function serveKv(model: KvModel): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://kv");
    const [, colo = "", name = ""] = pathname.split("/");
    const key = decodeURIComponent(name);
    const reply = (parts: Buffer[]) => {
      if (request.method !== "GET") {
        model.write(colo, key, request.method === "PUT" ? Buffer.concat(parts) : undefined);
        return response.end();
      }
      const value = model.read(colo, key, Number(searchParams.get("cacheTtl")));
      return response.writeHead(value === undefined ? 404 : 200).end(value);
    };
    // A Worker that stops waiting aborts its request.
    void request.toArray().then(reply, () => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}/`, stop };
}
