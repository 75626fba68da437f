// All attacks, grouped by the kind of their requests.
import type { Draws } from "../../testing/draws.ts";
import { agedAttacks } from "./aged.ts";
import {
  type Asking,
  type Attack,
  forgedPurge,
  kibibyte,
  large,
  largeOrder,
  manyFields,
  mebibyte,
  oneLargeField,
  post,
  smallOrder,
  someNumber,
  somePage,
  someRange,
  word,
} from "./attack.ts";
import { databaseMebibytes, sharedPath } from "./site.ts";

const someVariant = (draws: Draws) => ({
  path: `/vary/user-agent,accept-language,x-device/${someNumber(draws, 200)}`,
  headers: {
    "user-agent": word(draws),
    "accept-language": word(draws),
    "x-device": word(draws),
  },
});

function inLanguage(language: string): Asking {
  return { path: "/vary/accept-language", headers: { "accept-language": language } };
}

const plain: readonly Attack[] = [
  {
    name: "random-paths",
    said: "random paths that get 404",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => ({ path: `/missing/${word(draws)}` }),
  },
  {
    name: "one-missing",
    said: "one path that gets 404",
    manner: "ask",
    rateShare: 1,
    asking: () => ({ path: "/missing/one" }),
  },
  {
    name: "random-queries",
    said: "honest clients' pages, with random queries",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => ({ path: `${somePage(draws)}?${word(draws)}=${word(draws)}` }),
  },
  {
    name: "misses-of-one",
    said: "honest clients' pages, with random queries, while honest clients request pages of other colos",
    manner: "ask",
    rateShare: 0.2,
    asking: (_, draws) => ({ path: `${somePage(draws)}?${word(draws)}=${word(draws)}` }),
    alsoHonest: Array.from({ length: 1_000 }, (_, nth) => ({ path: `/noise/1024?other=${nth}` })),
    isStoredElsewhere: true,
  },
  {
    name: "crowds",
    said: "150 visitors at once on a new page that nobody may share, every five seconds",
    manner: "crowd",
    rateShare: 0.002,
    asking: (nth) => ({ path: `/crowded/${nth}` }),
  },
  {
    name: "vary",
    said: "one page that varies by `User-Agent`, with random values",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => ({ path: "/vary/user-agent", headers: { "user-agent": word(draws) } }),
  },
  {
    name: "variant-lock",
    said: "a new page in three languages, and in 100 unknown languages, each at least twenty times",
    manner: "ask",
    rateShare: 1,
    asking: (nth) => inLanguage(`x-made-up-${nth % 100}`),
    alsoHonest: ["de", "fr", "en"].map(inLanguage),
  },
  {
    name: "vary-several",
    said: "200 pages that vary by three fields, with random values",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => someVariant(draws),
    limiterNeeded:
      "each request is for a variant that is not stored. So it goes to the origin, and costs two " +
      "writes to the Cache API, one after the other in one isolate.",
  },
  {
    name: "vary-several-limited",
    said: "200 pages that vary by three fields, from one client, with `ORIGIN_LIMITER` at 300 a minute",
    manner: "ask",
    rateShare: 1,
    limit: { limit: 300, periodSeconds: 60 },
    asking: (_, draws) => {
      const { path, headers } = someVariant(draws);
      return { path, headers: { ...headers, "cf-connecting-ip": "192.0.2.66" } };
    },
  },
  {
    name: "silent-accept",
    said: "two new pages of an origin that forgets `Vary`, with `Accept: application/json`",
    manner: "ask",
    rateShare: 0.2,
    asking: (nth, draws) =>
      nth < 20
        ? { path: `/silent/${nth % 2}`, headers: { accept: "application/json" } }
        : { path: `/missing/${word(draws)}` },
    alsoHonest: ["/silent/0", "/silent/1"].map((path) => ({
      path,
      headers: { accept: "text/html,*/*;q=0.8" },
      type: "text/html",
    })),
  },
  {
    name: "large-field",
    said: "a field of 60 KiB, on honest clients' pages and random paths in turn",
    manner: "ask",
    rateShare: 0.5,
    asking: (nth, draws) => ({
      path: nth % 2 === 0 ? somePage(draws) : `/missing/${word(draws)}`,
      headers: oneLargeField,
    }),
  },
  {
    name: "many-fields",
    said: "1,000 header fields of 40 characters in each request, for honest clients' pages and random paths in turn",
    manner: "ask",
    rateShare: 0.5,
    asking: (nth, draws) => ({
      path: nth % 2 === 0 ? somePage(draws) : `/missing/${word(draws)}`,
      headers: manyFields,
    }),
  },
  {
    name: "cookies",
    said: "honest clients' pages, with random cookies",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => ({
      path: somePage(draws),
      headers: { cookie: `${word(draws)}=${word(draws)}${word(draws)}` },
    }),
  },
  {
    name: "ranges",
    said: "random ranges of up to 64 KiB of a stored body of 8 MiB",
    manner: "ask",
    rateShare: 0.5,
    asking: (nth, draws) => {
      const path = large(8 * mebibyte, "ranges");
      return nth === 0 ? { path } : { path, headers: someRange(draws, 8 * mebibyte) };
    },
  },
  {
    name: "ranges-ignored",
    said: "random ranges of a body that is not stored, with an origin that ignores ranges",
    manner: "ask",
    rateShare: 0.5,
    asking: (_, draws) => ({
      path: `/rangeless/${8 * mebibyte}/page`,
      headers: someRange(draws, 8 * mebibyte),
    }),
  },
  {
    name: "origin-resets",
    said: "random paths for which the origin resets the connection",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => ({ path: `/reset/${word(draws)}` }),
  },
];

const changing: readonly Attack[] = [
  {
    name: "forged-purges",
    said: "purges with wrong signatures",
    manner: "ask",
    rateShare: 2,
    asking: (_, draws) => forgedPurge(draws, smallOrder),
  },
  {
    name: "large-forged-purges",
    said: "purges of 64 KiB with wrong signatures",
    manner: "ask",
    rateShare: 0.5,
    asking: (_, draws) => forgedPurge(draws, largeOrder),
  },
  {
    name: "posts",
    said: "`POST` to honest clients' pages: each request invalidates a page",
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => post(somePage(draws)),
  },
  {
    name: "posts-everywhere",
    said: '`POST` to random paths of a route with `invalidate: "everywhere"`',
    manner: "ask",
    rateShare: 1,
    asking: (_, draws) => post(`/forms/${word(draws)}`),
  },
];

const connections: readonly Attack[] = [
  {
    name: "resets-before",
    said: "honest clients' pages and random paths, with the connection reset before an answer",
    manner: "reset-before",
    rateShare: 1,
    asking: (nth, draws) => ({ path: nth % 2 === 0 ? somePage(draws) : `/vary/accept/${nth}` }),
  },
  {
    name: "resets-during",
    said: "stored and new bodies of 1 and 4 MiB, with the connection reset at the first byte",
    manner: "reset-during",
    rateShare: 0.2,
    asking: (nth) => ({
      path: large((nth % 2 === 0 ? 1 : 4) * mebibyte, nth % 4 < 2 ? "known" : `new-${nth}`),
    }),
  },
  {
    name: "slow-readers",
    said: "stored and new bodies of 4 MiB, read at one byte a second",
    manner: "slow-read",
    rateShare: 0.05,
    asking: (nth) => ({ path: large(4 * mebibyte, nth % 2 === 0 ? "known" : `new-${nth}`) }),
  },
  {
    name: "stalled-readers",
    said: "2,000 clients that read nothing of new bodies of 20 MB, once all have come, with less than 64 MB of heap and buffers",
    manner: "stall",
    rateShare: 1 / 3,
    asking: (nth) => ({ path: large(20_000_000, `stalled-${nth}`) }),
    demands: { p99RatioMax: 1.5, heldBytesMax: 64_000_000 },
  },
  {
    name: "slow-uploads",
    said: "`POST` of 10 KiB, sent at one byte a second",
    manner: "slow-upload",
    rateShare: 0.05,
    asking: (nth) => ({
      path: `/slow-form/${nth}`,
      method: "POST",
      headers: { "content-length": String(10 * kibibyte) },
    }),
  },
];

/**
 * Returns each URL twice, 101 requests apart. Responses that are stored only on the second request
 * also fill the database.
 */
const fillingPath = (nth: number): string =>
  `/noise/32768?made=${nth % 2 === 0 ? nth : Math.max(0, nth - 101)}`;

const filling: readonly Attack[] = [
  { name: "fills", said: "without eviction", database: { policy: "noeviction" } },
  { name: "fills-volatile", said: "with `volatile-lru`", database: { policy: "volatile-lru" } },
  {
    name: "fills-own-journal",
    said: "without eviction, with a separate database for the journal",
    database: { policy: "noeviction", hasOwnJournal: true as const },
  },
].map(({ name, said, database }) => ({
  name,
  said: `new queries that fill a database of ${databaseMebibytes} MiB, ${said}`,
  manner: "ask",
  rateShare: 1.5,
  asking: (nth) => ({ path: fillingPath(nth) }),
  database,
}));

/**
 * The objects share 32 MiB, so the attack replaces everything in them about twice a minute.
 * Honest clients request new pages of a route that only they store.
 */
const fillsObjects: Attack = {
  name: "fills-objects",
  said: "new queries that fill Durable Objects of 4 MiB, on a site without Redis",
  manner: "ask",
  rateShare: 0.6,
  asking: (nth) => ({ path: fillingPath(nth) }),
  alsoHonest: Array.from({ length: 49 }, (_, nth) => ({ path: `${sharedPath}/8192?page=${nth}` })),
  objectBytes: 4 * mebibyte,
};

/** The field whose value selects a failure of the origin. */
export const chokeField = "x-choke";

const provoked = (
  name: string,
  said: string,
  ways: readonly string[],
  rateShare = 0.6,
): Attack => ({
  name,
  said: `honest clients' pages, with a field for which the origin ${said}`,
  manner: "ask",
  rateShare,
  asking: (nth, draws) => ({
    path: somePage(draws),
    headers: { [chokeField]: ways[nth % ways.length] ?? "500" },
  }),
});

const provoking: readonly Attack[] = [
  provoked("provoked-errors", "answers 500 and 503", ["500", "503"]),
  provoked("provoked-resets", "resets the connection", ["reset"]),
  provoked("provoked-hangs", "never answers", ["hang"], 0.2),
  provoked("provoked-cuts", "ends the connection within the body", ["cut"]),
  provoked("provoked-refusals", "answers 302, 401, 403, `private` and `Set-Cookie`", [
    "302",
    "401",
    "403",
    "private",
    "set-cookie",
  ]),
  provoked("provoked-missing", "answers 404, which the route stores for 30 s", ["404"]),
  {
    name: "endless-streams",
    said: "endless streams of events or lines, on two paths",
    manner: "reset-during",
    rateShare: 0.2,
    asking: (nth) => ({ path: `/stream/${nth % 2 === 0 ? "event-stream" : "lines"}` }),
  },
];

export const attacks: readonly Attack[] = [
  ...plain,
  ...provoking,
  ...changing,
  ...connections,
  ...filling,
  fillsObjects,
  ...agedAttacks,
];

/** @throws Error for an unknown name */
export function attackNamed(name: string): Attack {
  const attack = attacks.find((each) => each.name === name);
  if (attack !== undefined) return attack;
  const names = attacks.map((each) => each.name).join(", ");
  throw new Error(`There is no attack ${JSON.stringify(name)}. The attacks are: ${names}.`);
}
