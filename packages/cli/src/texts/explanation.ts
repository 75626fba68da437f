// Words an explanation, with a line for each step of the request.
import type {
  Copy,
  Explanation,
  KeyAccount,
  LastAnswerAccount,
  LookAccount,
  MatchingPurges,
  NearestKey,
  TierAccount,
} from "../../../../src/protocol/explain-answer.ts";
import { fill } from "./fill.ts";
import {
  differences,
  lifetimeSources,
  passes,
  reasonText,
  refusals,
  unasked,
  verdicts,
} from "./reasons.ts";

/** Returns the lines of the text. */
export function explanationLines(explanation: Explanation): string[] {
  const { request, colo, at, route, handling, next, cacheStatus, look } = explanation;
  const where = colo === "" ? "this colo" : `the colo ${colo}`;
  const alsoFit =
    route.alsoFit.length === 0
      ? ""
      : ` The first match applies; ${quoted(route.alsoFit)} would also match.`;
  const named =
    route.name === ""
      ? "No route matches its path."
      : `It matches the route ${quoted([route.name])} (${route.match.join(", ")}), whose origin is ${quoted([route.origin])}.${alsoFit}`;
  return [
    `${request.method} ${request.url}, as this isolate in ${where} would handle it at ${at}:`,
    verdictLine(explanation),
    `Next step: ${next}.`,
    ...(look?.isDoubtSettledFirst === true
      ? ["Before that, Tidemark reads the purge journal again."]
      : []),
    cacheStatus === null
      ? "The answer has no Cache-Status."
      : `Cache-Status begins with: ${cacheStatus}`,
    ...(handling === "reserved" ? [] : [named]),
    ...(look === undefined ? [] : lookLines(look)),
  ];
}

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

function verdictLine({ verdict, handling, look, at }: Explanation): string {
  const { kind, by, values } = verdict;
  const from = look?.judged === undefined ? "" : `, on the copy in ${tierNamed(look.judged)}`;
  const opening = handling === "passed-by" ? "It bypasses the cache" : `Verdict: ${kind}${from}`;
  if (handling === "ruled") {
    return `${opening}, by the rule ${by}: ${fill("it answers with {status}", values)}.`;
  }
  const unknown = look?.key.cookies.unknown.filter((name) => name !== "") ?? [];
  const reason = { ...verdict, values: { names: unknown, ...values } };
  const texts = kind === "pass" ? passes : verdicts;
  const refresh = { yes: "", "by chance": ", by chance", no: undefined }[look?.refresh ?? "no"];
  const behind = refresh === undefined ? "" : ` Tidemark refreshes it in the background${refresh}.`;
  const more = look === undefined ? [] : knownOf(by, look, at);
  return `${opening}, by the rule ${by}: ${[reasonText(texts, by, reason), ...more].join("; ")}.${behind}`;
}

/** Returns what the rest of the explanation says about the rule, in short. */
function knownOf(by: string, look: LookAccount, at: string): string[] {
  const { key, last, lastPassed, nearest, vary, purges } = look;
  if (by === "purged") return purges === "no journal" ? [] : purgedBy(purges, at);
  if (by !== "nothing-stored") return [];
  const rule = last?.notStored?.rule;
  const isGone = last !== undefined && rule === undefined && !nearest && !vary;
  const elsewhere =
    nearest?.url === key.url
      ? "another variant of the page is stored"
      : "the page is stored under another key";
  const names = key.cookies.unknown.filter((name) => name !== "");
  const ofCookies = reasonText(verdicts, "unknown-cookie", { values: { names } });
  return [
    ...(rule === undefined ? [] : [`the last answer for it was not stored, by ${rule}`]),
    ...(isGone ? ["the last answer for it was stored, but is gone"] : []),
    ...(lastPassed ? [`a request for it bypassed the cache, by ${lastPassed.rule}`] : []),
    ...(nearest ? [elsewhere] : []),
    ...(last === undefined && key.cookies.unknown.length > 0 ? [ofCookies] : []),
  ];
}

/** Senders of automatic entries. All other senders are people or sites. */
const notOrdered: readonly string[] = ["tidemark", "invalidation"];

/** Names the sender of the deciding purge, unless the purge is unknown or automatic. */
function purgedBy({ newest }: MatchingPurges, at: string): string[] {
  const ordered = newest.filter(({ by }) => !notOrdered.includes(by));
  const decider = ordered.find(({ decides }) => decides);
  if (decider === undefined) return [];
  const seconds = (Date.parse(at) - Date.parse(ordered.at(-1)?.at ?? at)) / 1_000;
  const often =
    ordered.length < 2
      ? ""
      : `. In the last ${Math.max(1, Math.round(seconds))} s, ${ordered.length} purges have matched it`;
  const because = decider.reason === "" ? "" : `, because: ${decider.reason}`;
  return [
    `it is of ${decider.by}${because}${often}. To fix it: let the sender of the purge name only what changed`,
  ];
}

function lookLines(look: LookAccount): string[] {
  const { key, vary, tiers, fragments, purges, nearest, last, lastPassed } = look;
  const isStored = vary !== undefined || tiers.some(({ has }) => has !== "nothing");
  return [
    ...keyLines(key),
    ...(vary ? [`Stored responses vary by ${vary.names.join(", ")}: ${vary.variants} known.`] : []),
    ...alike(tiers).map((group, at, groups) => tierLine(group, groups.slice(0, at).flat())),
    ...(fragments === undefined ? [] : [fragmentsLine(fragments)]),
    ...(purges === "no journal" ? ["There is no purge journal."] : purgeLines(purges)),
    ...(nearest ? [nearestLine(nearest, key.url)] : []),
    ...(last ? [lastLine(last)] : []),
    ...(lastPassed
      ? [
          `The last request for it that bypassed the cache arrived at ${lastPassed.at}, a ${lastPassed.method}: by the rule ${lastPassed.rule}: ${reasonText(passes, lastPassed.rule)}.${lastPassed.isMadePrivate ? madePrivate : ""}`,
        ]
      : []),
    ...(isStored || last || lastPassed || nearest ? [] : [nothingKnown]),
  ];
}

/** The line for a page that no tier has and that this isolate has not answered. */
const nothingKnown =
  "This isolate remembers no answer for it. Request the page like its client, with the field Tidemark-Debug, and read detail in the answer's Cache-Status. Or request the page, and then run explain again.";

function keyLines({ url, purgedAs, query, cookies, fields, gate }: KeyAccount): string[] {
  const facets = [
    ...fields.map(([name, value]) => `${name}: ${value ?? "(none)"}`),
    ...cookies.keyed.map((name) => `the cookie ${name}`),
    ...(gate === undefined ? [] : [`the check of the rule ${gate}`]),
  ];
  const unknown = cookies.unknown.map((name) => name || "(without a name)").join(", ");
  return [
    `Its cache key is ${url}${facets.length === 0 ? "" : ` with ${facets.join(", ")}`}.`,
    ...(purgedAs === url ? [] : [`Purges name every spelling of this URL as ${purgedAs}.`]),
    ...leftOutLine("Parameters", query.leftOut),
    ...leftOutLine("Cookies", cookies.leftOut),
    ...(unknown === ""
      ? []
      : [
          `Cookies that the configuration does not know: ${unknown}. So only explicitly shared responses may answer.`,
        ]),
  ];
}

const leftOutLine = (what: string, parts: KeyAccount["query"]["leftOut"]): string[] =>
  parts.length === 0
    ? []
    : [`${what} left out: ${parts.map(({ name, by }) => `${name} (${by})`).join(", ")}.`];

const tierNamed = (tier: string) => (tier === "memory" ? tier : `the ${tier} tier`);

/** Groups adjacent tiers with the same account. */
function alike(tiers: readonly TierAccount[]): TierAccount[][] {
  const textOf = (account: TierAccount) => JSON.stringify({ ...account, tier: "" });
  const groups: TierAccount[][] = [];
  for (const account of tiers) {
    const last = groups.at(-1);
    if (last?.[0] && textOf(last[0]) === textOf(account)) last.push(account);
    else groups.push([account]);
  }
  return groups;
}

/** @param before the accounts of the lines before this one */
function tierLine(accounts: readonly TierAccount[], before: readonly TierAccount[]): string {
  const names = accounts.map(({ tier }) => tierNamed(tier)).join(" and ");
  const [first] = accounts;
  if (first === undefined) return "";
  const { has, cause, copy, because } = first;
  const isOne = accounts.length === 1;
  const skipped =
    because === undefined
      ? ""
      : ` The request would not read ${isOne ? "it" : "them"}, because ${reasonText(unasked, because)}.`;
  const holds = `${names.slice(0, 1).toUpperCase()}${names.slice(1)} ${isOne ? "has" : "have"}`;
  const isKnown = before.some(
    (one) => one.has === has && JSON.stringify(one.copy) === JSON.stringify(copy),
  );
  if (has === "unavailable") return `${holds} no answer (${cause}).${skipped}`;
  if (copy === undefined) return `${holds} nothing.${skipped}`;
  return `${holds} ${isKnown ? "the same response" : copyText(copy, has)}.${skipped}`;
}

const whyUnused: Readonly<Partial<Record<TierAccount["has"], string>>> = {
  "invalidated variant": ", stored before its variants were invalidated",
  "untagged response": ", unused because the route's tags function fails",
};

const onCopies: Readonly<Record<string, string>> = {
  "validator-lies":
    ". Clients get an ETag made of the body, because the origin's ETag or Last-Modified stayed the same when the page changed",
  "nonce-shared":
    ". All its visitors get the same nonce of Content-Security-Policy, which then stops no injected script",
};

function copyText(copy: Copy, has: TierAccount["has"]): string {
  const { secondsLeft, tags, addedTags, browsersSeconds, bodyBytes } = copy;
  const left = secondsLeft > 0 ? `${secondsLeft} s left` : `expired ${-secondsLeft} s ago`;
  const own = tags.length === 0 ? "no tags" : `the tags ${tags.join(", ")}`;
  const added = addedTags ? `, and now also ${addedTags.join(", ")} by its route` : "";
  const bytes = bodyBytes === null ? "a body of unknown length" : `${bodyBytes} bytes`;
  const colo = copy.colo === "" ? "" : ` by ${copy.colo}`;
  const browsers =
    browsersSeconds === undefined
      ? ""
      : `. Browsers may show it for ${browsersSeconds} s, and no purge reaches them: browser in the route changes that`;
  const findings = copy.findings.map((code) => onCopies[code] ?? `. ${code}`).join("");
  return `a ${copy.status} from ${copy.storedAt}${colo}${whyUnused[has] ?? ""}: ${copy.ageSeconds} s old${onArrival(copy)}, with ${lifetimeText(copy)}, ${left}; ${bytes}, ${own}${added}${browsers}${findings}`;
}

const lifetimeText = ({ lifetimeSeconds, lifetimeFrom }: Copy | LastAnswerAccount) =>
  `a lifetime of ${lifetimeSeconds} s (from ${reasonText(lifetimeSources, lifetimeFrom)})`;

/** Dates in fields have whole seconds, so a response of less than 2 s may be new. */
const onArrival = ({ ageOnArrivalSeconds: seconds }: Copy | LastAnswerAccount) =>
  seconds < 2 ? "" : ` (${seconds} s on arrival)`;

function fragmentsLine(fragments: NonNullable<LookAccount["fragments"]>): string {
  if (fragments === "unknown") {
    return "Its route processes ESI tags. Its template is not in memory, so its fragments are unknown.";
  }
  if (fragments.length === 0) return "Its template has no fragments.";
  return `Its template has fragments: ${fragments.join(", ")}. Each is a request with the same fields, and a key and lifetime of its own: explain its URL.`;
}

function purgeLines({ of, askedAt, count, newest }: MatchingPurges): string[] {
  if (count === 0) return ["No purge in this isolate's view matches it."];
  const more = count - newest.length;
  const lines = newest.map(({ position, at, mode, reason, by, targets, isSince, decides }) => {
    const named = Object.entries(targets).map(([kind, names]) =>
      names === true ? kind : `${kind} ${[names].flat().join(" ")}`,
    );
    const why = reason === "" ? "" : `, because: ${reason}`;
    const known = isSince
      ? ` It was not known when the copy was requested, so it applies.${decides ? " It decides." : ""}`
      : " It was known when the copy was requested, so it does not apply.";
    return `The ${mode} purge ${position} of ${at} by ${by} matches ${of === "copy" ? "it" : "the URL"} (${named.join("; ")})${why}.${of === "copy" ? known : ""}`;
  });
  return [
    ...(askedAt === undefined ? [] : [`The copy was requested at ${askedAt}.`]),
    ...lines,
    ...(more > 0 ? [`${more} older purges also match it.`] : []),
  ];
}

/** @param own the URL in the requested key */
function nearestLine({ url, differences: all, count, ...first }: NearestKey, own: string): string {
  const shown = (part: string | null) => (part === "…" ? "a value" : (part ?? "nothing"));
  const differing = all.map(({ of, name, sent, stored }) => {
    const what = name === undefined ? of : `${of} ${name}`;
    return `${what}: you sent ${shown(sent)}; the stored key has ${sent === "…" && stored === "…" ? "another" : shown(stored)}`;
  });
  const where = url === own ? "another variant of this URL" : url;
  const hint = reasonText(differences, first.case, { values: { names: first.names } });
  return `Memory has ${count === 1 ? "one response" : `${count} responses`} for the same path under another key. The nearest is ${where}: ${differing.join("; ")}. If that does not matter for the page: ${hint}.`;
}

const madePrivate =
  " Tidemark added private to its Cache-Control, so that no other cache stores it.";

function lastLine(last: LastAnswerAccount): string {
  const { at, status, said, notStored, isReportedStored, isMadePrivate } = last;
  const fields = said.map(([name, value]) => `${name}: ${value}`).join("; ");
  const rest = `${isMadePrivate ? madePrivate : ""} It came with ${lifetimeText(last)}${onArrival(last)}. The origin sent ${fields || "no caching fields"}.`;
  const opening = `The last answer for it arrived at ${at}, a ${status}. It was`;
  if (notStored === undefined) {
    const results = Object.entries(last.tiers).map((result) => result.join(" "));
    return `${opening} stored (${results.join(", ")}).${rest}`;
  }
  const { rule, names, values } = notStored;
  const reason = {
    ...notStored,
    values: { names: names.filter((name) => name !== ""), ...values },
  };
  const about = [rule, ...names].join(" ");
  const sent = isReportedStored
    ? " Its Cache-Status says stored, because that was sent before the body arrived."
    : "";
  return `${opening} not stored, by the rule ${about}: ${reasonText(refusals, rule, reason)}.${sent}${rest}`;
}
