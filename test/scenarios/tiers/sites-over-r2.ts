// Opens two colos of a site with large bodies in R2, over each mix of stores.
import { vi } from "vitest";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { r2Bodies } from "../../../src/stores/r2/r2-bodies.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeR2 } from "../../../testing/fakes/fake-r2.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, secret } from "../../../testing/site/purge-sender.ts";

export const mebibyte = 1_048_576;

const texts = new Map<string, string>();

/** Returns a text that differs by its number and at each of its lines. Builds each text once. */
export function bodyOf(bytes: number, nth = 1): string {
  const name = `${bytes} ${nth}`;
  const built = texts.get(name);
  if (built !== undefined) return built;
  const lines = Math.ceil(bytes / 16);
  const text = Array.from({ length: lines }, (_, line) => `${nth} ${line}`.padEnd(15) + "\n");
  const body = text.join("").slice(0, bytes);
  texts.set(name, body);
  return body;
}

/** `/held` fits into `limits.bufferBytes`, and is too large for Redis and Durable Objects. */
export const sizes = { "/small": 1_000, "/held": 3 * mebibyte, "/streamed": 6 * mebibyte };

export const hour = cc("max-age=3600", { "cache-tag": "red", etag: '"1"' });

const origin: Script = ({ url }, nth) => {
  const { pathname } = new URL(url);
  const text = bodyOf(sizes[pathname as keyof typeof sizes], nth);
  return page(text, { ...hour, etag: `"${nth}"`, "content-length": String(text.length) });
};

type Mix = (clock: FakeClock) => SiteOptions;

const overRedis: Mix = (clock) => ({ upstash: new FakeUpstash(clock) });

export const mixes: Readonly<Record<string, Mix>> = {
  Redis: overRedis,
  "Durable Objects": () => ({
    journal: durableObjectJournal(),
    records: durableObjectRecords({ objects: 2 }),
    env: {
      JOURNAL: new FakeObject().namespace,
      RECORDS: new FakeObject((state) => new TidemarkRecords(state)).namespace,
    },
  }),
};

/** Opens the colos. The test must restore the real clock, which Durable Objects use. */
export function openOverR2(mix: Mix = overRedis, options: SiteOptions = {}) {
  const clock = new FakeClock();
  const r2 = new FakeR2(clock);
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
  const mixed = mix(clock);
  const env = { BODIES: r2, PURGE_SECRET: secret, ADMIN_TOKEN: adminToken, ...mixed.env };
  const bodies = r2Bodies({ binding: "BODIES" });
  const all = { clock, bodies, origin, ...mixed, ...options, env: { ...env, ...options.env } };
  const [first, second] = openColos(2, all) as [Site, Site];
  const pass = (seconds: number) => {
    clock.advance(seconds);
    vi.setSystemTime(clock.atMs);
  };
  return { first, second, r2, pass };
}
