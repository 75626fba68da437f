// Whoever asks at the same time as others, of an origin that changes its Vary and often fails: nobody
// gets from a tier, or from another's forward, what was made for other fields or for one client alone.
import { expect, it } from "vitest";
import type { RouteInput } from "../../../src/config/route-schema.ts";
import { pause } from "../../../src/base/timeouts.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, read, type Seen, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";
import { shareOf } from "../../../testing/histories.ts";

playTimers();

const names = ["accept-language", "x-b", "cookie"];
const values: Readonly<Record<string, readonly (string | undefined)[]>> = {
  "accept-language": [undefined, "de", "fr"],
  "x-b": [undefined, "1", "2"],
  cookie: [undefined, "session=a", "currency=EUR", "currency=EUR; session=a"],
};
const forOne = ["private", "no-store"];
const forAll = [
  "public, max-age=2",
  "public, max-age=1, stale-while-revalidate=5",
  "public, max-age=2, stale-if-error=9",
  "public, no-cache",
];

/** Draws of a generator of Lehmer's. */
class Draws {
  #drawn: number;

  constructor(seed: number) {
    this.#drawn = seed;
  }

  readonly next = (): number =>
    (this.#drawn = (this.#drawn * 48_271) % 2_147_483_647) / 2_147_483_647;

  readonly isOneOf = (count: number): boolean => this.next() * count < 1;

  readonly pick = <T>(all: readonly T[]): T => all[Math.floor(this.next() * all.length)] as T;
}

interface Made {
  /** What the page varies by, and was asked for with. */
  readonly by: readonly (readonly [name: string, value: string | null])[];
  /** Set where it is for one client alone. */
  readonly nth: number | undefined;
}

function unsteadyOrigin({ next, isOneOf, pick }: Draws): Script {
  const varyOf = new Map<string, string[]>();
  return async ({ url, headers }, nth) => {
    const { pathname } = new URL(url);
    if (isOneOf(10))
      varyOf.set(
        pathname,
        names.filter(() => isOneOf(2)),
      );
    const vary = varyOf.get(pathname) ?? [];
    await pause((isOneOf(5) ? 3_000 : 100) * next());
    if (isOneOf(30)) return unreachable();
    const control = pick([...forAll, ...forOne]);
    const by = vary.map((name) => [name, headers.get(name)] as const);
    const made: Made = { by, nth: forOne.includes(control) ? nth : undefined };
    const etag = `"${encodeURIComponent(JSON.stringify(made))}"`;
    const fields = cc(control, { etag, ...(vary.length > 0 && { vary: vary.join(", ") }) });
    if (headers.get("if-none-match") === etag) return unchanged(fields);
    return page(JSON.stringify(made), fields, pick([200, 200, 200, 200, 200, 200, 403, 500]));
  };
}

function wrongIn({ text, cacheStatus, status }: Seen, asked: Record<string, string>): string[] {
  const isAnothers = /hit|collapsed/.test(cacheStatus ?? "");
  if (status !== 200 || !isAnothers) return [];
  const { by, nth } = JSON.parse(text) as Made;
  const isForAsked = by.every(([name, value]) => (asked[name] ?? null) === value);
  return isForAsked && nth === undefined ? [] : [`${JSON.stringify(asked)}: ${text}`];
}

const routes: readonly { id: string; route: Partial<RouteInput> }[] = [
  { id: "all fields", route: {} },
  { id: "few fields", route: { forward: [] } },
  { id: "cookies alone", route: { forward: ["cookie"] } },
  { id: "one forward in the world", route: { collapse: "global" } },
];

it.each(routes)("$id", async ({ route }) => {
  const draws = new Draws(7_932);
  const { next: random, pick, isOneOf } = draws;
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const all = {
    name: "all",
    match: "*",
    waitTimeout: "1s",
    key: { cookies: ["currency"] },
    ...route,
  };
  const given = {
    clock,
    upstash,
    random,
    config: { routes: [all] },
    origin: unsteadyOrigin(draws),
  };
  const colos = openColos(2, given) as [Site, Site];
  const asking: Promise<string[]>[] = [];
  const askOnce = () => {
    const drawn = names.map((name) => [name, pick(values[name] ?? [])] as const);
    const fields = drawn.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    const headers = Object.fromEntries(fields) as Record<string, string>;
    const answering = pick(colos).ask(pick(["/a", "/b"]), { headers });
    asking.push(answering.then(read).then((seen) => wrongIn(seen, headers)));
  };
  for (let step = 0; step < shareOf(120); step += 1) {
    for (let left = Math.floor(random() * 9); left > 0; left -= 1) askOnce();
    await pass(clock, isOneOf(10) ? 1 : 0.1);
  }
  await pass(clock, 10);
  expect((await Promise.all(asking)).flat()).toEqual([]);
});
