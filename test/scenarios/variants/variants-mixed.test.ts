// Sends concurrent requests to an origin that changes its Vary and often fails. No client gets a
// response that was made for other fields or only for another client, from a tier or by collapsing.
// Needs parts: global-collapse.
import { expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import type { RouteInput } from "../../../src/config/route-options.ts";
import { pause } from "../../../src/base/timeouts.ts";
import { Draws } from "../../../testing/draws.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { read, type Seen } from "../../../testing/site/harness.ts";
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
const values: Readonly<Record<string, readonly (string | null)[]>> = {
  "accept-language": [null, "de", "fr"],
  "x-b": [null, "1", "2"],
  cookie: [null, "session=a", "currency=EUR", "currency=EUR; session=a"],
};
const forOne = ["private", "no-store"];
const forAll = [
  "public, max-age=2",
  "public, max-age=1, stale-while-revalidate=5",
  "public, max-age=2, stale-if-error=9",
  "public, no-cache",
];

interface Made {
  /** The names of the selecting fields, and their values in the request. */
  readonly by: readonly (readonly [name: string, value: string | null])[];
  /** The number of the request, if the response is only for its client. */
  readonly nth: number | undefined;
}

function unsteadyOrigin(draws: Draws): Script {
  const varyOf = new Map<string, string[]>();
  return async ({ url, headers }, nth) => {
    const { pathname } = new URL(url);
    const drawn = names.filter(() => draws.isLucky(1 / 2));
    if (draws.isLucky(1 / 10)) varyOf.set(pathname, drawn);
    const vary = varyOf.get(pathname) ?? [];
    await pause(draws.between(0, draws.isLucky(1 / 5) ? 3_000 : 100));
    if (draws.isLucky(1 / 30)) return unreachable();
    const control = draws.oneOf([...forAll, ...forOne]);
    const by = vary.map((name) => [name, headers.get(name)] as const);
    const made: Made = { by, nth: forOne.includes(control) ? nth : undefined };
    const etag = `"${encodeURIComponent(JSON.stringify(made))}"`;
    const fields = cc(control, { etag, ...(vary.length > 0 && { vary: vary.join(", ") }) });
    if (headers.get("if-none-match") === etag) return unchanged(fields);
    return page(
      JSON.stringify(made),
      fields,
      draws.oneOf([200, 200, 200, 200, 200, 200, 403, 500]),
    );
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
  { id: "all fields are forwarded", route: {} },
  { id: "no fields are forwarded", route: { forward: [] } },
  { id: "only cookies are forwarded", route: { forward: ["cookie"] } },
  { id: "all colos share a forward", route: { use: [globalCollapse()] } },
];

it.each(routes)("a client gets only responses to its own fields: $id", async ({ route }) => {
  const draws = new Draws(5);
  const key = { cookies: ["currency"] };
  const { near, far, clock } = openPair({
    random: () => draws.between(0, 1),
    config: { routes: [{ name: "all", match: "*", key, ...route }] },
    origin: unsteadyOrigin(draws),
  });
  const asking: Promise<string[]>[] = [];
  const askOnce = () => {
    const drawn = names.map((name) => [name, draws.oneOf(values[name] ?? [])] as const);
    const fields = drawn.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
    const headers = Object.fromEntries(fields) as Record<string, string>;
    const answering = draws.oneOf([near, far]).ask(draws.oneOf(["/a", "/b"]), { headers });
    asking.push(answering.then(read).then((seen) => wrongIn(seen, headers)));
  };
  for (let step = 0; step < shareOf(120); step += 1) {
    for (let left = Math.floor(draws.between(0, 9)); left > 0; left -= 1) askOnce();
    await pass(clock, draws.isLucky(1 / 10) ? 1 : 0.1);
  }
  await pass(clock, 10);
  expect((await Promise.all(asking)).flat()).toEqual([]);
});
