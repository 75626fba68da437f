// Tests scheduled purges (docs/purge-protocol-special.md, rule 30) across isolates: repeated ids, seals,
// caches before the origin, and a full schedule.
import { expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import {
  adminToken,
  bearer,
  codeOf,
  openJournalled,
  secret,
  send,
  signedHeaders,
} from "../../../testing/site/purge-sender.ts";
import { idle, openSite, type Site } from "../../../testing/site/harness.ts";

const daySeconds = 86_400;
const key = "vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY=";
const otherKey = "9aQ3KxT5uVYvN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d=";

/** A database, and the isolates that share it, each in a colo of its own. */
function openWorld() {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  let count = 0;
  const open = (sealKey = "") => {
    const COLO = `C${(count += 1)}`;
    const env = { COLO, ADMIN_TOKEN: adminToken, PURGE_SECRET: secret, SEAL_KEY: sealKey };
    const fields = cc(`max-age=${30 * daySeconds}`, { "cache-tag": "red" });
    return openSite({ clock, upstash, env, origin: (_, nth) => page(`page ${nth}`, fields) });
  };
  return { clock, upstash, open };
}

const inSeconds = ({ clock }: Pick<Site, "clock">, seconds: number) =>
  new Date(clock.atMs + seconds * 1_000).toISOString();

interface Scheduled {
  readonly id: string;
  readonly at: string;
}

const scheduledIn = ({ text }: { readonly text: string }) =>
  (JSON.parse(text) as { scheduled: Scheduled }).scheduled;

it.each([
  { id: "other targets and another instant", changes: { tags: ["blue"], seconds: 60 } },
  { id: "another instant", changes: { seconds: 60 } },
  { id: "other targets", changes: { tags: ["blue"] } },
  { id: "another mode", changes: { mode: "soft" } },
])("an id that another isolate accepted with $id is refused", async ({ changes }) => {
  const { open } = openWorld();
  const [site, other] = [open(), open()];
  await other.get("/a");
  const bodyOf = ({ seconds = 600, ...more }: { seconds?: number; mode?: string }) =>
    JSON.stringify({ tags: ["red"], at: inSeconds(site, seconds), ...more });
  const one = bodyOf({});
  const first = await send(site, one, signedHeaders(one, { id: "m" }));
  const two = bodyOf(changes);
  for (const headers of [signedHeaders(two, { id: "m" }), { ...bearer, "webhook-id": "m" }]) {
    expect(codeOf(await send(other, two, headers))).toBe("id-reused");
  }
  const again = await send(other, one, signedHeaders(one, { id: "m" }));
  expect(scheduledIn(again)).toEqual(scheduledIn(first));
});

it.each([
  { id: "no rotation", keys: [key, key], page: "page 2" },
  {
    id: "the rotation of the docs",
    keys: [key, `${key} ${otherKey}`, `${otherKey} ${key}`, otherKey],
  },
  { id: "the first key", keys: ["", key] },
])("a plan takes effect after $id", async ({ keys }) => {
  const { clock, open } = openWorld();
  const at = inSeconds({ clock }, 7 * daySeconds);
  await send(open(keys[0]), { tags: ["red"], at });
  for (const each of keys.slice(1)) {
    clock.advance(daySeconds);
    await open(each).get("/x");
    await idle();
  }
  clock.advance((Date.parse(at) - clock.atMs) / 1_000 - 600);
  const site = open(keys.at(-1));
  await site.get("/a");
  expect((await site.get("/a")).text).toBe("page 1");
  clock.advance(605);
  expect((await site.get("/a")).text).toBe("page 2");
});

it.each([
  { id: "names", from: "red", to: "rad" },
  { id: "state", from: "planned ", to: "cancelled " },
  { id: "entry", from: "[", to: "" },
])(
  "whoever edits the $id of a plan in a sealed database does not hide it",
  async ({ from, to }) => {
    const { clock, upstash, open } = openWorld();
    const before = open(key);
    await send(before, { tags: ["red"], at: inSeconds({ clock }, 3_600) });
    for (let nth = 0; nth < 1_100; nth += 1) await send(before, { tags: [`other-${nth}`] });
    for (const [id, text] of upstash.schedule) upstash.schedule.set(id, text.replace(from, to));
    const after = open(key);
    await after.get("/a");
    clock.advance(3_601);
    expect((await after.get("/a")).text).toBe("page 2");
  },
);

it.each([{ isLate: false }, { isLate: true }])(
  "a soft purge makes an answer stale that a cache before the origin kept, learnt late: $isLate",
  async ({ isLate }) => {
    const { site, upstash } = openJournalled({
      origin: (_, nth) =>
        page(
          `page ${nth}`,
          cc("max-age=600", { "cache-tag": "red", ...(nth > 1 && { age: "120" }) }),
        ),
    });
    await site.get("/a");
    const other = openSite({
      upstash,
      clock: site.clock,
      env: { ADMIN_TOKEN: adminToken, COLO: "FRA" },
    });
    if (!isLate) await send(site, { tags: ["red"], mode: "soft", at: inSeconds(site, 60) });
    site.clock.advance(59);
    await site.get("/x");
    await idle();
    if (isLate) await send(other, { tags: ["red"], mode: "soft", at: inSeconds(site, 1) });
    site.clock.advance(2.5);
    const { text: first } = await site.get("/b");
    await idle();
    site.clock.advance(20);
    await site.get("/x");
    await idle();
    expect((await site.get("/b")).text).not.toBe(first);
  },
);
