// A site that puts an attack on terminals into every text of its responses.

/**
 * Control sequences for title, link, clipboard, cursor and colour, bidirectional overrides, and
 * forged lines.
 */
export const evil =
  "x\u001b]0;t\u0007\u001b]8;;https://a.test/\u001b\\y\u001b]8;;\u001b\\\u009d52;c;YQ==\u009c" +
  "\u001b[2J\u001b[31mred\u001b[0m\u009b1A\u202ez\u2066\u061c\b\u007f\r\u2028FORGED\u0085FORGED\v" +
  "\nFORGED\r\nFORGED\n  FORGED\n";
/** The part of the attack that an HTTP field can contain. */
const evilField = "x\u009b1A\u009d52;c;YQ==\u009c\u0085FORGED\u007f";

const texts = [evil];
/** Returns an object with these members, each of which is the attack. */
const all = (names: string) => Object.fromEntries(names.split(" ").map((name) => [name, evil]));
const lists = (names: string) => Object.fromEntries(names.split(" ").map((name) => [name, texts]));

const covered = { examined: 1, covered: 1, isWhole: false, whyNotWhole: evil };
const labels = { [evil]: evil, ...all("route tier outcome") };
const entry = {
  ...all("position at by id mode reason"),
  ...lists("tags urls prefixes hosts routes groups"),
};
const finding = { ...all("code case about since"), level: "critical", values: { [evil]: evil } };
const rate = { requests: 1, hits: 1, hitRate: 1 };
const named = [{ name: evil, ...rate }];
const readAs = [{ sent: evil, as: texts }];

const leftOut = [all("name by")];
const copy = {
  ...all("lifetimeFrom storedAt colo stamp"),
  ...lists("tags addedTags valueTags findings"),
  status: 200,
  lifetimeSeconds: 1,
  ageOnArrivalSeconds: 9,
  ageSeconds: 1,
  secondsLeft: 1,
  bodyBytes: null,
};
const pairs = [[evil, evil]];
const look = {
  key: {
    ...all("url purgedAs gate"),
    query: { ...all("sent keyed"), leftOut },
    fields: pairs,
    cookies: { ...lists("keyed unknown"), leftOut },
  },
  vary: { names: texts, variants: 1 },
  tiers: [
    { ...all("tier because"), has: "response", copy },
    { ...all("tier cause"), has: "unavailable" },
  ],
  fragments: texts,
  purges: {
    of: "copy",
    askedAt: evil,
    count: 1,
    newest: [{ ...entry, targets: { [evil]: texts }, isSince: true, decides: true }],
  },
  judged: evil,
  isDoubtSettledFirst: true,
  nearest: {
    ...all("url case"),
    count: 1,
    names: texts,
    differences: [all("of name sent stored")],
  },
  last: {
    ...copy,
    at: evil,
    said: pairs,
    tiers: labels,
    isReportedStored: true,
    isMadePrivate: true,
    notStored: { rule: evil, names: texts },
  },
  lastPassed: { ...all("at method rule"), isMadePrivate: true },
};

/** The JSON responses by route. `dryRun` is the response of the purge route to a dry run. */
const answers: Readonly<Record<string, unknown>> = {
  purge: {
    ...all("position visibleBy"),
    visibleWithinSeconds: 0,
    targets: { tags: 1 },
    readAs,
    notes: texts,
  },
  dryRun: {
    ...lists("urls notes"),
    dryRun: true,
    targets: {},
    isolate: covered,
    data: covered,
    shared: covered,
    limits: evil,
    readAs: [],
  },
  switch: {
    ...all("position since key"),
    ...lists("bypass variable unknownRoutes"),
    here: [evil, "b"],
    visibleWithinSeconds: 1,
    journal: all("why hint"),
  },
  journal: { entries: [entry, { ...entry, bypass: texts }], next: null },
  health: {
    ...all("at version colo"),
    status: "degraded",
    findings: [finding],
    notLookedAt: texts,
    hitRates: { since: evil, all: rate, routes: named, prefixes: named, namespaces: named },
  },
  metrics: {
    ...all("startedAt at"),
    counters: [{ name: "requests", labels, value: 1 }],
    boundsSeconds: [1],
    histograms: [{ name: evil, labels, counts: [1, 1] }],
  },
  stats: {
    faults: [all("what why hint")],
    configuredHooks: texts,
    configuredRoutes: [{ name: evil, match: texts, bypass: false, originTimeoutSeconds: 1 }],
    [evil]: { [evil]: texts },
  },
  explain: {
    ...all("colo at cacheStatus next"),
    request: all("method url"),
    route: { ...all("name origin"), ...lists("match alsoFit") },
    handling: "looked-up",
    verdict: { ...all("kind by case"), values: { [evil]: evil } },
    look,
  },
  outward: {
    targets: [
      { target: evil, journal: all("why hint") },
      {
        ...all("target cursor lastDelivery"),
        failing: { ...all("since nextTry"), outcome: "unauthorized", status: 500, times: 1 },
      },
    ],
    dueAfterSeconds: 1,
  },
  warm: { done: [{ page: evil, result: "failed", status: 500, why: evil }], next: null, total: 1 },
};

export type Answer = (url: URL, init?: RequestInit) => Response;

const evilHeaders = {
  "cache-status": `tidemark; fwd=uri-miss; detail="${evilField}"`,
  "x-cache": evilField,
  "set-cookie": `${evilField}=1`,
  "cache-tag": evilField,
};

export const honestForm: Answer = ({ pathname }, init) => {
  const route = /^\/_cache\/(\w+)$/.exec(pathname)?.[1];
  if (route === undefined) {
    const headers = { ...evilHeaders, "content-type": "text/html" };
    return new Response(`<a href="/${evil}">${evil}</a>`, { headers });
  }
  const isDry = typeof init?.body === "string" && init.body.includes('"dryRun":true');
  return Response.json(answers[route === "purge" && isDry ? "dryRun" : route]);
};

const refusing: Answer = () => Response.json({ error: all("code what why hint") }, { status: 400 });
const foreign: Answer = () =>
  new Response(evil, { status: 502, headers: { "content-type": `text/${evilField}` } });
const elsewhere: Answer = () =>
  new Response(evil, {
    status: 302,
    headers: { location: `https://${evilField}.test/${evilField}` },
  });
const broken: Answer = () => {
  throw new TypeError(evil, { cause: Object.assign(new Error(evil), { code: evil }) });
};

export const sites: readonly { readonly name: string; readonly answer: Answer }[] = [
  { name: "sends responses of the right form", answer: honestForm },
  { name: "sends errors", answer: refusing },
  { name: "is not Tidemark", answer: foreign },
  { name: "redirects", answer: elsewhere },
  { name: "breaks connections", answer: broken },
];
