// Renders an explanation as text, with a sentence or two per step of the request.
import type { Explanation, LookAccount, NextStep } from "./explanation.ts";
import type { TierAccount } from "./copies.ts";
import { type KeyAccount, type LeftOutPart, quoted } from "./key-account.ts";
import type { MatchingPurge, MatchingPurges } from "./matching-purges.ts";
import type { Difference, NearestKey } from "./nearest-key.ts";
import {
  ageOnArrival,
  groundText,
  isNothingKnown,
  lastPassedSentence,
  lastSentence,
  nothingKnown,
} from "./sentences-of-last.ts";

/** Returns lines without a trailing line feed. */
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
      : `Cache-Status begins so: ${explanation.cacheStatus}`,
    ...(handling === "reserved" ? [] : [named]),
    ...(look === undefined ? [] : lookSentences(look)),
  ];
  return lines.join("\n");
}

function routeSentence({ route }: Explanation): string {
  const { name, match, origin, alsoFit } = route;
  const named = alsoFit.map(quoted).join(", ");
  const below =
    named === "" ? "" : ` Further down, ${named} would fit too; the first that fits counts.`;
  return `It takes the route ${quoted(name)} (${match.join(", ")}), whose origin is ${quoted(origin)}.${below}`;
}

function lookSentences(look: LookAccount): string[] {
  const { key, vary, tiers, purges, nearest, last, lastPassed } = look;
  const known = countOf(vary?.variants ?? 0, "variant");
  const varies = `What is stored varies by ${vary?.names.join(", ")}; ${known} known.`;
  return [
    ...keySentences(key),
    ...(vary === undefined ? [] : [varies]),
    ...alike(tiers).map(tierSentence),
    ...purgeSentences(purges),
    ...(nearest ? [nearestSentence(nearest, key.url)] : []),
    ...(last ? [lastSentence(last)] : []),
    ...(lastPassed ? [lastPassedSentence(lastPassed)] : []),
    ...(isNothingKnown(look) ? [nothingKnown] : []),
  ];
}

function doubtSentence({ judged }: LookAccount): string {
  const then = judged === undefined ? "the page is looked up" : "the copy is judged anew";
  return `Before that, the purge journal is read once more, and then ${then}.`;
}

function keySentences({ url, query, cookies, fields }: KeyAccount): string[] {
  const keyedBy = [
    ...fields.map(([name, value]) => `${name}: ${value ?? "(none)"}`),
    ...cookies.keyed.map((name) => `the cookie ${name}`),
  ];
  const facets = keyedBy.length === 0 ? "" : ` with ${keyedBy.join(", ")}`;
  return [
    `It is looked up as ${url}${facets}.`,
    ...(query.isReordered
      ? [`The query was put in order: ?${query.sent} is ?${query.keyed}.`]
      : []),
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

/** `a, b and c` */
const listed = (names: readonly string[]): string =>
  names.join(", ").replace(/, ([^,]*)$/, " and $1");

/** Groups adjacent tiers with the same account. */
function alike(tiers: readonly TierAccount[]): (readonly TierAccount[])[] {
  const said = (account: TierAccount) => JSON.stringify({ ...account, tier: "" });
  const groups: TierAccount[][] = [];
  for (const account of tiers) {
    const last = groups.at(-1);
    if (last?.[0] && said(last[0]) === said(account)) last.push(account);
    else groups.push([account]);
  }
  return groups;
}

function tierSentence(accounts: readonly TierAccount[]): string {
  const [account] = accounts;
  if (account === undefined) return "";
  const { has, cause, copy } = account;
  const names = listed(accounts.map(({ tier }) => tierNamed(tier)));
  const named = `${names[0]?.toUpperCase()}${names.slice(1)}`;
  const [isOne, ofRequest] = [accounts.length === 1, askedSentence(account, accounts.length)];
  const holds = `${named} ${isOne ? "has" : "have"}`;
  if (has === "unavailable") return `${named} cannot be read (${cause}).${ofRequest}`;
  if (copy === undefined) return `${holds} nothing.${ofRequest}`;
  const { status, ageSeconds, lifetimeSeconds, lifetimeFrom, secondsLeft, storedAt } = copy;
  const left = secondsLeft > 0 ? `${secondsLeft} s left` : `expired ${-secondsLeft} s ago`;
  const tags = copy.tags.length === 0 ? "no tags" : `the tags ${copy.tags.join(", ")}`;
  const arrived = ageOnArrival(copy);
  const bytes = copy.bodyBytes === null ? "a body of unknown length" : `${copy.bodyBytes} bytes`;
  const colo = copy.colo === "" ? "" : ` by ${copy.colo}`;
  const gone = has === "response" ? "" : ", from before its variants were invalidated";
  return (
    `${holds} a ${status} of ${storedAt}${colo}${gone}: ${ageSeconds} s old${arrived}, ` +
    `with a lifetime of ${lifetimeSeconds} s (${lifetimeFrom}), ${left}; ${bytes}, ${tags}.${ofRequest}`
  );
}

function askedSentence({ isAsked, because = "" }: TierAccount, count: number): string {
  if (isAsked === true) return "";
  const which = count === 1 ? "it" : "them";
  const would = isAsked === "passed-over" ? `pass ${which} over` : `not ask ${which}`;
  return ` The request would ${would}, because ${because}.`;
}

function purgeSentences(purges: MatchingPurges | "no journal"): string[] {
  if (purges === "no journal") return ["There is no purge journal."];
  if (purges.count === 0) return ["No purge that this isolate knows names it."];
  const more = purges.count - purges.newest.length;
  const asked = purges.askedAt;
  return [
    ...(asked === undefined ? [] : [`The copy was asked for at ${asked}.`]),
    ...purges.newest.map((purge) => purgeSentence(purge, purges.of)),
    ...(more > 0 ? [`${more} older purges name it, too.`] : []),
  ];
}

function purgeSentence(purge: MatchingPurge, of: MatchingPurges["of"]): string {
  const { position, at, mode, reason, by, targets, isSince, decides } = purge;
  const named = Object.entries(targets).map(([kind, value]) =>
    value === true ? kind : `${kind} ${[value].flat().join(" ")}`,
  );
  const why = reason === "" ? "" : `, because: ${reason}`;
  const what = `The ${mode} purge ${position} of ${at} by ${by} names ${of === "copy" ? "it" : "the URL"}`;
  const purgeText = `${what} (${named.join("; ")})${why}.`;
  if (of === "url") return purgeText;
  if (!isSince)
    return `${purgeText} It was known when the copy was asked for, so it does not count.`;
  const decided = decides ? " It decides." : "";
  return `${purgeText} It was not known when the copy was asked for, so it counts.${decided}`;
}

/** @param own the URL in the requested key */
function nearestSentence({ url, differences, count, hint }: NearestKey, own: string): string {
  const told = differences.map(differenceText).join("; ");
  const nearest = url === own ? "another variant of this URL" : url;
  const others = count === 1 ? "one response" : `${count} responses`;
  return `Memory has ${others} of the same path under another key. The nearest is ${nearest}: ${told}. If that does not matter for the page: ${hint}.`;
}

function differenceText({ of, name, sent, stored }: Difference): string {
  const what = name === undefined ? of : `${of} ${name}`;
  const [yours, its] = [sent, stored].map((value) => value ?? "nothing");
  if (of !== "query") return `${what}: you sent ${yours}; stored is ${its}`;
  const [asked, kept] = [yours, its].map((query) => (query === "?" ? "no parameters" : query));
  return `you sent ${asked}; stored is ${kept}`;
}

function verdictSentence({ verdict, handling, look }: Explanation): string {
  const { kind, by } = verdict;
  const from = look?.judged === undefined ? "" : `, on the copy in ${tierNamed(look.judged)}`;
  const behind =
    look?.refresh === undefined || look.refresh === "no"
      ? ""
      : ` It is refreshed behind the answer${look.refresh === "yes" ? "" : ", by chance"}.`;
  const said = handling === "passed-by" ? "It is passed by" : `Verdict: ${kind}${from}`;
  return `${said}, by ${by} ${groundText(verdict)}${behind}`;
}

const nextSentences: Readonly<Record<NextStep, string>> = {
  answer: "So the tier answers.",
  "answer stale": "So the tier answers with a stale response.",
  "answer stale in the origin's place":
    "The origin, or this page of it, has just failed. So a stale response answers, and the origin is not asked.",
  forward: "So the origin is asked.",
  validate: "So the origin is asked whether the stored response still holds.",
  "wait for the forward that is under way":
    "Another request is asking the origin for it now. So this request waits for that answer.",
  "refuse: only-if-cached": "So the request gets 504, and the origin is not asked.",
  "refuse: loop": "The request has come back to this Worker for the second time. So it gets 508.",
  "refuse: the URL": "So the request gets 400, and the origin is not asked.",
  "refuse: the origin is down": "The origin is taken for down. So the request gets 503.",
  "end here": "So a route of the operator answers the request, or it gets 404.",
};

const countOf = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? " is" : "s are"}`;
