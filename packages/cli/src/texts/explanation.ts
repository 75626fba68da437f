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
  skips,
  verdicts,
} from "./reasons.ts";

/** A line, or the reason for which there is none. */
type Line = string | false | undefined;

const present = (lines: readonly Line[]) => lines.filter((line) => typeof line === "string");

/** Returns the lines of the text. */
export function explanationLines(explanation: Explanation): string[] {
  const { request, colo, at, route, handling, next, cacheStatus, look } = explanation;
  const { name, match, origin, alsoFit } = route;
  const named = `It matches the route {name} ({match}), whose origin is {origin}.« The first match applies; {alsoFit} would also match.»`;
  const quoted = { name: [name], match: match.join(", "), origin: [origin], alsoFit };
  return present([
    `${request.method} ${request.url}, as this isolate in ${colo ? `the colo ${colo}` : "this colo"} would handle it at ${at}:`,
    verdictLine(explanation),
    `Next step: ${next}.`,
    look?.isDoubtSettledFirst && "Before that, Tidemark reads the purge journal again.",
    cacheStatus === null
      ? "The answer has no Cache-Status."
      : `Cache-Status begins with: ${cacheStatus}`,
    handling !== "reserved" && (name === "" ? "No route matches its path." : fill(named, quoted)),
    ...(look === undefined ? [] : lookLines(look)),
  ]);
}

function verdictLine({ verdict, handling, next, look, at }: Explanation): string {
  const { kind, by, values } = verdict;
  const from = look?.judged === undefined ? "" : `, on the copy in ${tierNamed(look.judged)}`;
  const bypasses = next.startsWith("refuse") ? "It is refused" : "It bypasses the cache";
  const opening = kind === "pass" ? bypasses : `Verdict: ${kind}${from}`;
  if (handling === "ruled") {
    return `${opening}, by the rule ${by}: ${fill("it answers with {status}", values)}.`;
  }
  const reason = { ...verdict, values: { names: look ? unknownIn(look) : [], ...values } };
  const why = reasonText(kind === "pass" ? passes : verdicts, by, reason);
  const { refresh = "no" } = look ?? {};
  const chance = refresh === "yes" ? "" : ", by chance";
  const behind = refresh === "no" ? "" : ` Tidemark refreshes it in the background${chance}.`;
  const more = look === undefined ? [] : knownOf(by, look, at);
  return `${opening}, by the rule ${by}: ${present([why, ...more]).join("; ")}.${behind}`;
}

/** Returns the names of unknown cookies that have one. */
const unknownIn = ({ key }: LookAccount) => key.cookies.unknown.filter((name) => name !== "");

/** Returns what the rest of the explanation says about the rule, in short. */
function knownOf(by: string, look: LookAccount, at: string): Line[] {
  const { key, last, lastPassed, nearest, vary, purges } = look;
  if (by === "purged") return [purges !== "no journal" && purgedBy(purges, at)];
  if (by !== "nothing-stored") return [];
  const rule = last?.notStored?.rule;
  const isGone = last !== undefined && rule === undefined && !nearest && !vary;
  const isVariant = nearest?.url === key.url;
  return [
    rule !== undefined && `the last answer for it was not stored, by ${rule}`,
    isGone && "the last answer for it was stored, but is gone",
    lastPassed && `a request for it bypassed the cache, by ${lastPassed.rule}`,
    nearest && isVariant && "another variant of the page is stored",
    nearest && !isVariant && "the page is stored under another key",
    last === undefined &&
      key.cookies.unknown.length > 0 &&
      reasonText(verdicts, "unknown-cookie", { values: { names: unknownIn(look) } }),
  ];
}

/** Senders of automatic entries. All other senders are people or sites. */
const notOrdered: readonly string[] = ["tidemark", "invalidation"];

/** Names the sender of the deciding purge, unless the purge is unknown or automatic. */
function purgedBy({ newest }: MatchingPurges, at: string): Line {
  const ordered = newest.filter(({ by }) => !notOrdered.includes(by));
  const decider = ordered.find(({ decides }) => decides);
  const lastedMs = Date.parse(at) - Date.parse(ordered.at(-1)?.at ?? at);
  const often = ordered.length > 1 && {
    count: ordered.length,
    lastSeconds: Math.max(1, Math.round(lastedMs / 1_000)),
  };
  return (
    decider &&
    fill(
      "it is of {by}«, because: {reason}»«. In the last {lastSeconds}, {count} purges have matched it». To fix it: let the sender of the purge name only what changed",
      { by: decider.by, reason: decider.reason, ...often },
    )
  );
}

function lookLines(look: LookAccount): Line[] {
  const { key, vary, tiers, fragments, purges, nearest, last, lastPassed } = look;
  const isStored = vary !== undefined || tiers.some(({ has }) => has !== "nothing");
  return [
    ...keyLines(key),
    vary && `Stored responses vary by ${vary.names.join(", ")}: ${vary.variants} known.`,
    ...alike(tiers).map((group, at, groups) => tierLine(group, groups.slice(0, at).flat())),
    fragments && fragmentsLine(fragments),
    ...(purges === "no journal" ? ["There is no purge journal."] : purgeLines(purges)),
    nearest && nearestLine(nearest, key.url),
    last && lastLine(last),
    lastPassed &&
      `The last request for it that bypassed the cache arrived at ${lastPassed.at}, a ${lastPassed.method}: by the rule ${lastPassed.rule}: ${reasonText(passes, lastPassed.rule)}.${lastPassed.isMadePrivate ? madePrivate : ""}`,
    !isStored && !last && !lastPassed && !nearest && nothingKnown,
  ];
}

/** The line for a page that no tier has and that this isolate has not answered. */
const nothingKnown =
  "This isolate remembers no answer for it. Request the page like its client, with the field Tidemark-Debug, and read detail in the answer's Cache-Status. Or request the page, and then run explain again.";

function keyLines({ url, purgedAs, query, cookies, fields, gate }: KeyAccount): Line[] {
  const facets = present([
    ...fields.map(([name, value]) => `${name}: ${value ?? "(none)"}`),
    ...cookies.keyed.map((name) => `the cookie ${name}`),
    gate !== undefined && `the check of the rule ${gate}`,
  ]).join(", ");
  const unknown = cookies.unknown.map((name) => name || "(without a name)").join(", ");
  return [
    `Its cache key is ${url}${facets && ` with ${facets}`}.`,
    purgedAs !== url && `Purges name every spelling of this URL as ${purgedAs}.`,
    leftOutLine("Parameters", query.leftOut),
    leftOutLine("Cookies", cookies.leftOut),
    unknown !== "" &&
      `Cookies that the configuration does not know: ${unknown}. So only explicitly shared responses may answer.`,
  ];
}

const leftOutLine = (what: string, parts: KeyAccount["query"]["leftOut"]): Line =>
  parts.length > 0 &&
  `${what} left out: ${parts.map(({ name, by }) => `${name} (${by})`).join(", ")}.`;

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
  const names = new Intl.ListFormat("en-GB").format(accounts.map(({ tier }) => tierNamed(tier)));
  const [first] = accounts;
  if (first === undefined) return "";
  const { has, cause, copy, because } = first;
  const isOne = accounts.length === 1;
  const skipped =
    because &&
    ` The request would not read ${isOne ? "it" : "them"}, because ${reasonText(skips, because)}.`;
  const holds = `${names.slice(0, 1).toUpperCase()}${names.slice(1)} ${isOne ? "has" : "have"}`;
  const isKnown = before.some(
    (one) => one.has === has && JSON.stringify(one.copy) === JSON.stringify(copy),
  );
  const held =
    has === "unavailable"
      ? `no answer (${cause})`
      : (copy && (isKnown ? "the same response" : copyText(copy, has))) || "nothing";
  return `${holds} ${held}.${skipped ?? ""}`;
}

const whyUnused: Readonly<Partial<Record<TierAccount["has"], string>>> = {
  "invalidated variant": ", stored before its variants were invalidated",
  "untagged response": ", unused because the route's tags function fails",
};

const onCopies: Readonly<Record<string, string>> = {
  "validator-lies":
    "Clients get an ETag made of the body, because the origin's ETag or Last-Modified stayed the same when the page changed",
  "nonce-shared":
    "All its visitors get the same nonce of Content-Security-Policy, which then stops no injected script",
};

function copyText(copy: Copy, has: TierAccount["has"]): string {
  const { secondsLeft, addedTags, valueTags = [], bodyBytes, colo } = copy;
  const tags = copy.tags.filter((tag) => !valueTags.includes(tag));
  const left = secondsLeft > 0 ? `${secondsLeft} s left` : `expired ${-secondsLeft} s ago`;
  const own = tags.length === 0 ? "no tags" : `the tags ${tags.join(", ")}`;
  const added = addedTags ? `, and now also ${addedTags.join(", ")} by its route` : "";
  const keys = valueTags.map((name) => name.replace(/^tidemark-data:\//, ""));
  const ofValues =
    keys.length > 0 ? `, and from the values that its handler read: ${keys.join(", ")}` : "";
  const bytes = bodyBytes === null ? "a body of unknown length" : `${bodyBytes} bytes`;
  const browsers = fill(
    "«. Browsers may show it for {browsersSeconds}, and no purge reaches them: browser in the route changes that»",
    copy.browsersSeconds === undefined ? {} : { browsersSeconds: copy.browsersSeconds },
  );
  const findings = copy.findings.map((code) => `. ${reasonText(onCopies, code)}`).join("");
  return `a ${copy.status} from ${copy.storedAt}${colo && ` by ${colo}`}${whyUnused[has] ?? ""}: ${copy.ageSeconds} s old${onArrival(copy)}, with ${lifetimeText(copy)}, ${left}; ${bytes}, ${own}${added}${ofValues}${browsers}${findings}`;
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

function purgeLines({ of, askedAt, count, newest }: MatchingPurges): Line[] {
  if (count === 0) return ["No purge in this isolate's view matches it."];
  const more = count - newest.length;
  return [
    askedAt !== undefined && `The copy was requested at ${askedAt}.`,
    ...newest.map(({ position, at, mode, reason, by, targets, isSince, decides }) => {
      const named = Object.entries(targets).map(([kind, names]) =>
        names === true ? kind : `${kind} ${[names].flat().join(" ")}`,
      );
      const why = reason && `, because: ${reason}`;
      const known = isSince
        ? ` It was not known when the copy was requested, so it applies.${decides ? " It decides." : ""}`
        : " It was known when the copy was requested, so it does not apply.";
      return `The ${mode} purge ${position} of ${at} by ${by} matches ${of === "copy" ? "it" : "the URL"} (${named.join("; ")})${why}.${of === "copy" ? known : ""}`;
    }),
    more > 0 && `${more} older purges also match it.`,
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
