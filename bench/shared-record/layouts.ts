// Measures the cost of a site's events in Redis for three layouts of a record: a hash of two fields
// whose key expires, a hash of two fields that expire, and the shared tier's string. A REST server
// over a real Valkey counts commands and bytes. All layouts compress bodies in the same way.
import { Redis } from "@upstash/redis/cloudflare";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { sha256Hex } from "../../src/base/sha256.ts";
import { RecordKey } from "../../src/cache/record/record-key.ts";
import { SharedTier } from "../../src/stores/redis/shared-tier.ts";
import { counted, markdownTable } from "../load/figures.ts";
import { pageText } from "../load/page-text.ts";
import { dollarsAMillionOf } from "../cost/prices.ts";
import type { ResponseAsk, ResponseRecord } from "../../src/proxy/stored/tiers.ts";
import { responseForm } from "../../src/proxy/stored/record-form.ts";

const keepMs = 3_600_000;
const mebibyte = 1_048_576;

/**
 * One layout. Each function sends the commands of one event; all events except `fill` need an
 * existing record.
 */
interface Layout {
  readonly name: string;
  fill(): Promise<unknown>;
  hit(): Promise<unknown>;
  headOnly(): Promise<unknown>;
  validated(): Promise<unknown>;
}

const events = [
  ["a fill", "fill"],
  ["a hit", "hit"],
  ["only metadata", "headOnly"],
  ["a 304", "validated"],
] as const;

export async function layoutCosts(): Promise<string> {
  const running = new Running();
  try {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
    const random = crypto.getRandomValues(new Uint8Array(65_536));
    const image = Uint8Array.from({ length: 307_200 }, (_, at) => random[at % 65_536] ?? 0);
    const rows = [
      ...(await rowsOf(
        rest,
        "10 KiB of HTML",
        await recordOf(new TextEncoder().encode(pageText(0, 10_240)), "text/html"),
      )),
      ...(await rowsOf(rest, "300 KiB image", await recordOf(image, "image/avif"))),
    ];
    return markdownTable(["", "layout", ...events.map(([name]) => name)], rows);
  } finally {
    await running.stop();
  }
}

async function rowsOf(rest: UpstashRestServer, what: string, record: ResponseRecord) {
  const key = new RecordKey(`GET https://bench.example/ ${what}`, "bench.example");
  const string = stringLayout(rest, record, key);
  await string.fill();
  const redis = new Redis({
    url: rest.url,
    token: rest.token,
    automaticDeserialization: false,
    responseEncoding: false,
  });
  const text = String(await redis.get(await key.nameIn("bench")));
  const at = text.indexOf("\n");
  const fields = { m: text.slice(0, at).trimEnd(), b: text.slice(at + 1) };
  const rows: string[][] = [];
  for (const layout of [hashLayout(redis, fields), fieldExpiryLayout(redis, fields), string]) {
    const cells: string[] = [];
    for (const [, event] of events) cells.push(await cellOf(rest, layout, event));
    rows.push([what, layout.name, ...cells]);
  }
  return rows;
}

async function cellOf(rest: UpstashRestServer, layout: Layout, event: (typeof events)[number][1]) {
  rest.resetCounts();
  await layout[event]();
  const { commandCountByName, requestBytes, responseBytes } = rest.counts();
  const commands = Object.values(commandCountByName).reduce((sum, count) => sum + count, 0);
  const bytes = requestBytes + responseBytes;
  const dollars = dollarsAMillionOf({ redisCommands: commands, redisBytes: bytes });
  return `${commands} (${Object.keys(commandCountByName).join(", ")}), ${counted(bytes)} B, $${dollars.toFixed(2)}`;
}

type HashFields = { readonly m: string; readonly b: string };

function hashLayout(redis: Redis, fields: HashFields): Layout {
  const key = "bench:hash";
  const written = (part: Partial<HashFields>) =>
    redis
      .multi()
      .hset(key, { ...part })
      .pexpire(key, keepMs)
      .exec();
  return {
    name: "hash, HSET and PEXPIRE",
    fill: () => written(fields),
    hit: () => redis.hmget(key, "m", "b"),
    headOnly: () => redis.hmget(key, "m"),
    validated: () => written({ m: fields.m }),
  };
}

function fieldExpiryLayout(redis: Redis, { m, b }: HashFields): Layout {
  const key = "bench:fields";
  const expiration = { px: keepMs };
  return {
    name: "hash, HSETEX",
    fill: () => redis.hsetex(key, { expiration }, { m, b }),
    hit: () => redis.hmget(key, "m", "b"),
    headOnly: () => redis.hmget(key, "m"),
    validated: () =>
      redis.multi().hsetex(key, { expiration }, { m }).hpexpire(key, "b", keepMs).exec(),
  };
}

function stringLayout(rest: UpstashRestServer, record: ResponseRecord, key: RecordKey): Layout {
  const tier = new SharedTier({
    form: responseForm,
    redis: new RedisClient({ url: rest.url, token: rest.token, nowAtMs: Date.now }),
    namespace: "bench",
    bodyBytesMax: mebibyte,
    uploadBytesMax: 64 * mebibyte,
    nowAtMs: Date.now,
    onBadRecord: () => {
      throw new Error("The tier rejects the record that it wrote.");
    },
  });
  const ask = (part: ResponseAsk["part"]) => ({
    atMs: Date.now(),
    part,
    afterAnswer: () => undefined,
  });
  const written = (body: "new" | "unchanged") =>
    tier.write(key, record, { atMs: Date.now(), untilAtMs: Date.now() + keepMs, body });
  return {
    name: "one string",
    fill: () => written("new"),
    hit: async () => tier.read(key, ask("whole")),
    headOnly: async () => tier.read(key, ask("metadata")),
    validated: () => written("unchanged"),
  };
}

async function recordOf(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<ResponseRecord> {
  const metadata = {
    url: "https://bench.example/articles/1",
    route: "article",
    status: 200,
    statusText: "OK",
    fields: [
      ["content-type", type],
      ["cache-control", "public, max-age=300, stale-while-revalidate=3600"],
      ["etag", '"5f2a-19b3c0d7e1"'],
      ["date", "Fri, 20 Nov 2026 12:00:00 GMT"],
      ["last-modified", "Fri, 20 Nov 2026 11:00:00 GMT"],
      ["x-content-type-options", "nosniff"],
    ] as const,
    requestedAtMs: 1_795_176_000_000,
    respondedAtMs: 1_795_176_000_080,
    bodyBytes: bytes.byteLength,
    bodyDigest: await sha256Hex(bytes),
    selecting: [],
    tags: ["article:1", "articles"],
    stamp: { position: "1795175000000-0", n: "7f3a" },
    colo: "HAM",
    fillCostMs: 80,
    jitterDraw: 0.5,
  };
  return {
    kind: "response",
    stored: { metadata, body: { kind: "blob", blob: new Blob([bytes]) } },
  };
}
