// Renders an explanation as text, with one or two sentences per step of the request.
import type { Explanation, LookAccount, NextStep } from "./explanation.ts";
import type { Copy, TierAccount } from "./copies.ts";
import { hiddenValue, type KeyAccount, type LeftOutPart, quoted } from "./key-account.ts";
import type { MatchingPurge, MatchingPurges } from "./matching-purges.ts";
import type { Difference, NearestKey } from "./nearest-key.ts";
import type { Ground } from "./grounds.ts";
import { youngSeconds } from "./hints.ts";
import type { LastAnswerAccount, LastPassedAccount } from "./explain-last-answer.ts";

/** Returns the text: several lines, without a trailing line feed. */
export function sentencesOf(explanation: Explanation): string {
  const { request, colo, at, route, handling, look } = explanation;
  const where = colo === "" ? "this colo" : `the colo ${colo}`;
  const named = route.name === "" ? "No route matches its path." : routeSentence(explanation);
  const lines = [
    `${request.method} ${request.url}, as this isolate in ${where} would handle it at ${at}:`,
    verdictSentence(explanation),
    nextSentences[explanation.next],
    ...(look?.isDoubtSettledFirst === true ? [doubtSentence(look)] : []),
    explanation.cacheStatus === null
      ? "The answer has no Cache-Status."
      : `Cache-Status begins with: ${explanation.cacheStatus}`,
    ...(handling === "reserved" ? [] : [named]),
    ...(look === undefined ? [] : lookSentences(look)),
  ];
  return lines.join("\n");
}

function routeSentence({ route }: Explanation): string {
  const { name, match, origin, alsoFit } = route;
  const named = alsoFit.map(quoted).join(", ");
  const below = named === "" ? "" : ` The first match applies; ${named} would also match.`;
  return `It matches the route ${quoted(name)} (${match.join(", ")}), whose origin is ${quoted(origin)}.${below}`;
}

function lookSentences(look: LookAccount): string[] {
  const { key, vary, tiers, fragments, purges, nearest, last, lastPassed } = look;
  const known = countOf(vary?.variants ?? 0, "variant");
  const varies = `Stored responses vary by ${vary?.names.join(", ")}; ${known} known.`;
  return [
    ...keySentences(key),
    ...(vary === undefined ? [] : [varies]),
    ...alike(tiers).map((group, at, groups) => tierSentence(group, groups.slice(0, at).flat())),
    ...(fragments === undefined ? [] : [fragmentsSentence(fragments)]),
    ...purgeSentences(purges),
    ...(nearest ? [nearestSentence(nearest, key.url)] : []),
    ...(last ? [lastSentence(last)] : []),
    ...(lastPassed ? [lastPassedSentence(lastPassed)] : []),
    ...(isNothingKnown(look) ? [nothingKnown] : []),
  ];
}

function doubtSentence({ judged }: LookAccount): string {
  const then = judged === undefined ? "looks the page up" : "judges the copy again";
  return `Before that, Tidemark reads the purge journal again, and then ${then}.`;
}

function keySentences({ url, purgedAs, query, cookies, fields, gate }: KeyAccount): string[] {
  const keyedBy = [
    ...fields.map(([name, value]) => `${name}: ${value ?? "(none)"}`),
    ...cookies.keyed.map((name) => `the cookie ${name}`),
    ...(gate === undefined ? [] : [`the check of the rule ${gate}`]),
  ];
  const facets = keyedBy.length === 0 ? "" : ` with ${keyedBy.join(", ")}`;
  return [
    `Its cache key is ${url}${facets}.`,
    ...(purgedAs === url ? [] : [`Purges name every spelling of this URL as ${purgedAs}.`]),
    ...leftOutSentence("Parameters", query.leftOut),
    ...leftOutSentence("Cookies", cookies.leftOut),
    ...(cookies.unknown.length > 0
      ? [
          `Cookies that the configuration does not know: ${cookies.unknown.join(", ")}. So only explicitly shared responses may answer.`,
        ]
      : []),
  ];
}

function leftOutSentence(what: string, leftOut: readonly LeftOutPart[]): string[] {
  if (leftOut.length === 0) return [];
  return [`${what} left out: ${leftOut.map(({ name, by }) => `${name} (${by})`).join(", ")}.`];
}

const tierNamed = (tier: string) => (tier === "memory" ? tier : `the ${tier} tier`);

/** Joins names, as in `a, b and c`. */
const listed = (names: readonly string[]): string =>
  names.join(", ").replace(/, ([^,]*)$/, " and $1");

/** Groups adjacent tiers with the same account. */
function alike(tiers: readonly TierAccount[]): (readonly TierAccount[])[] {
  const textOf = (account: TierAccount) => JSON.stringify({ ...account, tier: "" });
  const groups: TierAccount[][] = [];
  for (const account of tiers) {
    const last = groups.at(-1);
    if (last?.[0] && textOf(last[0]) === textOf(account)) last.push(account);
    else groups.push([account]);
  }
  return groups;
}

/** @param before the accounts of the sentences before this one */
function tierSentence(accounts: readonly TierAccount[], before: readonly TierAccount[]): string {
  const [account] = accounts;
  if (account === undefined) return "";
  const { has, cause, copy } = account;
  const names = listed(accounts.map(({ tier }) => tierNamed(tier)));
  const named = `${names[0]?.toUpperCase()}${names.slice(1)}`;
  const [isOne, ofRequest] = [accounts.length === 1, askedSentence(account, accounts.length)];
  const holds = `${named} ${isOne ? "has" : "have"}`;
  if (has === "unavailable") return `${named} cannot be read (${cause}).${ofRequest}`;
  if (copy === undefined) return `${holds} nothing.${ofRequest}`;
  const isKnown = before.some((one) => one.has === has && isSameCopy(one.copy, copy));
  if (isKnown) return `${holds} the same response.${ofRequest}`;
  const { status, ageSeconds, lifetimeSeconds, lifetimeFrom, secondsLeft, storedAt } = copy;
  const left = secondsLeft > 0 ? `${secondsLeft} s left` : `expired ${-secondsLeft} s ago`;
  const own = copy.tags.length === 0 ? "no tags" : `the tags ${copy.tags.join(", ")}`;
  const { addedTags } = copy;
  const tags = addedTags ? `${own}, and now also ${addedTags.join(", ")} by its route` : own;
  const arrived = ageOnArrival(copy);
  const bytes = copy.bodyBytes === null ? "a body of unknown length" : `${copy.bodyBytes} bytes`;
  const colo = copy.colo === "" ? "" : ` by ${copy.colo}`;
  const findings = copy.findings.map((code) => ` ${findingSentences[code]}`).join("");
  const browsers = browsersSentence(copy);
  const gone = whyUnused[has] ?? "";
  return (
    `${holds} a ${status} from ${storedAt}${colo}${gone}: ${ageSeconds} s old${arrived}, ` +
    `with a lifetime of ${lifetimeSeconds} s (${lifetimeFrom}), ${left}; ${bytes}, ${tags}.${browsers}${findings}${ofRequest}`
  );
}

const browsersSentence = ({ browsersSeconds }: Copy): string =>
  browsersSeconds === undefined
    ? ""
    : ` Browsers may show it for ${browsersSeconds} s, and no purge reaches them: browser in the route changes that.`;

const whyUnused: Readonly<Partial<Record<TierAccount["has"], string>>> = {
  "invalidated variant": ", stored before its variants were invalidated",
  "untagged response": ", unused because the route's tags function fails",
};

const findingSentences: Readonly<Record<Copy["findings"][number], string>> = {
  "validator-lies":
    "Clients get an ETag made of the body, because the origin's ETag or Last-Modified stayed the same when the page changed.",
  "nonce-shared":
    "All its visitors get the same nonce of Content-Security-Policy, which then stops no injected script.",
};

function fragmentsSentence(fragments: NonNullable<LookAccount["fragments"]>): string {
  if (fragments === "unknown") {
    return "Its route processes ESI tags. Its template is not in memory, so its fragments are unknown.";
  }
  if (fragments.length === 0) return "Its template has no fragments.";
  return `Its template has fragments: ${fragments.join(", ")}. Each is a request with the same fields, and a key and lifetime of its own: explain its URL.`;
}

function isSameCopy(one: Copy | undefined, other: Copy): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function askedSentence({ isAsked, because = "" }: TierAccount, count: number): string {
  if (isAsked === true) return "";
  const which = count === 1 ? "it" : "them";
  const would = isAsked === "passed-over" ? `skip ${which}` : `not read ${which}`;
  return ` The request would ${would}, because ${because}.`;
}

function purgeSentences(purges: MatchingPurges | "no journal"): string[] {
  if (purges === "no journal") return ["There is no purge journal."];
  if (purges.count === 0) return ["No purge in this isolate's view matches it."];
  const more = purges.count - purges.newest.length;
  const requestedAt = purges.askedAt;
  return [
    ...(requestedAt === undefined ? [] : [`The copy was requested at ${requestedAt}.`]),
    ...purges.newest.map((purge) => purgeSentence(purge, purges.of)),
    ...(more > 0 ? [`${more} older purges also match it.`] : []),
  ];
}

function purgeSentence(
  { position, at, mode, reason, by, targets, isSince, decides }: MatchingPurge,
  of: MatchingPurges["of"],
): string {
  const named = Object.entries(targets).map(([kind, value]) =>
    value === true ? kind : `${kind} ${[value].flat().join(" ")}`,
  );
  const why = reason === "" ? "" : `, because: ${reason}`;
  const what = `The ${mode} purge ${position} of ${at} by ${by} matches ${of === "copy" ? "it" : "the URL"}`;
  const purgeText = `${what} (${named.join("; ")})${why}.`;
  if (of === "url") return purgeText;
  if (!isSince)
    return `${purgeText} It was known when the copy was requested, so it does not apply.`;
  const decided = decides ? " It decides." : "";
  return `${purgeText} It was not known when the copy was requested, so it applies.${decided}`;
}

/** @param own the URL in the requested key */
function nearestSentence({ url, differences, count, hint }: NearestKey, own: string): string {
  const differing = differences.map(differenceText).join("; ");
  const nearest = url === own ? "another variant of this URL" : url;
  const others = count === 1 ? "one response" : `${count} responses`;
  return `Memory has ${others} for the same path under another key. The nearest is ${nearest}: ${differing}. If that does not matter for the page: ${hint}.`;
}

function differenceText({ of, name, sent, stored }: Difference): string {
  const what = name === undefined ? of : `${of} ${name}`;
  if (sent === hiddenValue && stored === hiddenValue)
    return `${what}: the stored key has another value`;
  const [yours, its] = [sent, stored].map((value) =>
    value === hiddenValue ? "a value" : (value ?? "nothing"),
  );
  if (of !== "query") return `${what}: you sent ${yours}; the stored key has ${its}`;
  const [own, kept] = [yours, its].map((query) => (query === "?" ? "no parameters" : query));
  return `you sent ${own}; the stored key has ${kept}`;
}

function verdictSentence({ verdict, handling, look }: Explanation): string {
  const { kind, by } = verdict;
  const from = look?.judged === undefined ? "" : `, on the copy in ${tierNamed(look.judged)}`;
  const behind =
    look?.refresh === undefined || look.refresh === "no"
      ? ""
      : ` Tidemark refreshes it in the background${look.refresh === "yes" ? "" : ", by chance"}.`;
  const opening = handling === "passed-by" ? "It bypasses the cache" : `Verdict: ${kind}${from}`;
  return `${opening}, by the rule ${by} ${groundText(verdict)}${behind}`;
}

const nextSentences: Readonly<Record<NextStep, string>> = {
  answer: "The tier answers.",
  "answer stale": "The tier answers with a stale response.",
  "answer stale in the origin's place":
    "The origin, or this page of it, has just failed. A stale response answers, and Tidemark does not contact the origin.",
  forward: "Tidemark forwards the request to the origin.",
  "forward to a fallback origin":
    "The origin is shut off, so Tidemark forwards the request to a fallback origin.",
  validate: "Tidemark asks the origin whether the stored response is still valid.",
  "wait for the forward that is under way":
    "The origin is answering another request for it now. This request waits for that answer.",
  "refuse: only-if-cached": "The request gets 504, and Tidemark does not contact the origin.",
  "refuse: loop": "The request has already passed through this Worker, so it gets 508.",
  "refuse: the method": "Tidemark forwards no request with this method, so it gets 501.",
  "refuse: the URL": "The request gets 400, and Tidemark does not contact the origin.",
  "answer by a rule": "The rule answers, and Tidemark reads no tier.",
  "refuse: the origin is down": "The origin is shut off, so the request gets 503.",
  "end here": "An operator's route answers the request, or it gets 404.",
};

const countOf = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? " is" : "s are"}`;

/** Returns `(clause): why. To fix it: hint.`, without the last sentence if there is no hint. */
function groundText({ clause, why, hint }: Ground): string {
  return `(${clause}): ${why}.${hint === undefined ? "" : ` To fix it: ${hint}.`}`;
}

/** Returns the age on arrival in parentheses; an empty string for a response that was new. */
function ageOnArrival({ ageOnArrivalSeconds }: Pick<Copy, "ageOnArrivalSeconds">): string {
  return ageOnArrivalSeconds < youngSeconds ? "" : ` (${ageOnArrivalSeconds} s on arrival)`;
}

const saidStored = " Its Cache-Status says stored, because that was sent before the body arrived.";
const madePrivate =
  " Tidemark added private to its Cache-Control, so that no other cache stores it.";

function lastSentence(last: LastAnswerAccount): string {
  const { at, status, lifetimeSeconds, lifetimeFrom, said, notStored } = last;
  const age = last.ageOnArrivalSeconds;
  const old = age < youngSeconds ? "" : `, and it was ${age} s old on arrival`;
  const lived = `Its lifetime was ${lifetimeSeconds} s (${lifetimeFrom})${old}.`;
  const fields = said.map(([name, value]) => `${name}: ${value}`).join("; ");
  const named = fields === "" ? "The origin sent no caching fields." : `The origin sent ${fields}.`;
  if (notStored !== undefined) {
    const { rule, names } = notStored;
    const sent = `${last.isReportedStored ? saidStored : ""}${last.isMadePrivate ? madePrivate : ""}`;
    const about = names.length === 0 ? rule : `${rule}: ${names.join(", ")}`;
    return `The last answer for it arrived at ${at}, a ${status}. It was not stored, by the rule ${about} ${groundText(notStored)}${sent} ${lived} ${named}`;
  }
  return `The last answer for it arrived at ${at}, a ${status}. It was stored${tiersText(last)}. ${lived} ${named}`;
}

function tiersText({ tiers }: LastAnswerAccount): string {
  const results = Object.entries(tiers).map(([tier, result]) => `${tier} ${result}`);
  return results.length === 0 ? "" : ` (${results.join(", ")})`;
}

function lastPassedSentence(passed: LastPassedAccount): string {
  const { at, method, rule, isMadePrivate } = passed;
  return `The last request for it that bypassed the cache arrived at ${at}, a ${method}: by the rule ${rule} ${groundText(passed)}${isMadePrivate ? madePrivate : ""}`;
}

/** The sentence for a page that no tier has and that this isolate has not answered. */
const nothingKnown =
  "This isolate remembers no answer for it. Request the page like its client, with the field Tidemark-Debug, and read detail in the answer's Cache-Status. Or request the page, and then run explain again.";

function isNothingKnown({ tiers, vary, ...known }: LookAccount): boolean {
  const isStored = vary !== undefined || tiers.some(({ has }) => has !== "nothing");
  return !isStored && !known.last && !known.lastPassed && !known.nearest;
}
