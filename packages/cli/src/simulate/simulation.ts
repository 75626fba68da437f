// Plays the requests of a log in simulated time. Routes, keys, verdicts, storing, admission and memory
// are the Worker's own code. The origin answers each request as the log says.
import { BoundedMarks } from "../../../../src/base/bounded-map.ts";
import { matchOf } from "../../../../src/config/answer-rules.ts";
import type { Route } from "../../../../src/config/config.ts";
import { noJournal } from "../../../../src/purge/view/view.ts";
import { type FieldLine, fieldsOf, isErrorStatus } from "../../../../src/rules/fields.ts";
import { isPersonal } from "../../../../src/pages/request/personal.ts";
import type { LookupRequest } from "../../../../src/pages/request/plan.ts";
import { isRefreshDue } from "../../../../src/pages/reuse/early-refresh.ts";
import {
  decide,
  decideOnError,
  isAnswer,
  type Verdict,
} from "../../../../src/pages/reuse/may-answer.ts";
import type { PendingForward } from "../../../../src/pages/reuse/pending-forward.ts";
import type { Exchange } from "../../../../src/pages/site/exchange.ts";
import { Invalidations } from "../../../../src/pages/site/remembered-keys.ts";
import {
  assignedLifetimeSeconds,
  isRouteFirst,
  keepUntilAtMs,
  termsOf,
} from "../../../../src/pages/stored/lifetime.ts";
import type {
  Candidate,
  ResponseTier,
  StoredMetadata,
  StoredResponse,
  Tiers,
} from "../../../../src/pages/stored/stored-response.ts";
import { awaitsSecondAsk } from "../../../../src/pages/storing/admission.ts";
import { refusalToStore } from "../../../../src/pages/storing/refusal.ts";
import { formatHttpDate } from "../../../../src/rules/http-date.ts";
import { governingDirectives } from "../../../../src/rules/cache-control.ts";
import { tierScopes } from "../../../../src/config/tier-names.ts";
import type { TierKeep } from "../../../../src/cache/tiers/tier.ts";
import type { LogEntry } from "./formats.ts";
import { Assumptions, Planner, type Policy } from "./planner.ts";
import { type Counts, type Outcome, Totals } from "./totals.ts";
import { type Isolate, World } from "./tiers.ts";

/** A forward in progress. */
interface Flight {
  readonly dueAtMs: number;
  readonly metadata: StoredMetadata;
  readonly request: LookupRequest;
  /** The key, and the isolate unless the flight is for all colos. */
  readonly name: string;
  readonly into: readonly ResponseTier[];
  readonly body: TierKeep["body"];
}

interface FoundResponse {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

/** A request with a lookup, in its isolate. */
interface PageRequest {
  readonly entry: LogEntry;
  readonly request: LookupRequest;
  readonly isolate: Isolate;
  readonly used: Tiers;
  readonly counts: Counts;
}

export class Simulation {
  readonly totals = new Totals();
  readonly assumed = new Assumptions();
  readonly world: World;
  readonly #policy: Policy;
  readonly #planner: Planner;
  /** The last lifetimes of Tidemark's own log, by key: a hit's line has none. */
  readonly #lifetimes = new BoundedMarks<number | "never">(lifetimesBytesMax);
  readonly #invalidations = new Invalidations();
  readonly #admitted = new WeakSet<StoredMetadata>();
  readonly #flights = new Map<string, Flight>();
  /** The flights by the time of their end. */
  readonly #ending: Flight[] = [];
  #turn = 0;
  #seed = 1;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#planner = new Planner(policy.config, policy.host, this.assumed);
    this.world = new World(policy, (tiers) => this.#exchangeOver(tiers));
  }

  play(entry: LogEntry): void {
    this.#endFlights(entry.atMs);
    const planned = this.#planner.plan(entry);
    const counts = this.totals.of(planned.route.name, entry.atMs);
    counts.add("requests");
    counts.add("answeredBytes", entry.bytes ?? 0);
    const isolate = this.world.isolateIn(this.#coloOf(entry));
    if (planned.kind === "lookup") {
      const { request, route } = planned;
      const used = isolate.tiers.of(route.tiers);
      const outcome = this.#lookedUp({ entry, request, isolate, used, counts });
      return counts.ended(outcome);
    }
    counts.add("passed");
    if (planned.kind === "own") return;
    this.#forwards(entry, counts, entry.bytes ?? 0);
    // RFC 9111 §4.4, as with `invalidate: "here"`.
    const isDone = entry.status >= 200 && entry.status < 400;
    if (!isDone || safeMethods.includes(entry.method)) return;
    for (const tier of isolate.tiers.all) void tier.remove(planned.key);
  }

  #coloOf({ colo, client }: LogEntry): string {
    if (colo !== undefined) return colo;
    this.assumed.colo += 1;
    const { coloCount } = this.#policy;
    if (client === undefined) return String((this.#turn = (this.#turn + 1) % coloCount));
    let hash = 0;
    for (let at = 0; at < client.length; at += 1) hash = (hash * 31 + client.charCodeAt(at)) >>> 0;
    return String(hash % coloCount);
  }

  #lookedUp(asked: PageRequest): Outcome {
    const { entry, request, isolate, used, counts } = asked;
    const { atMs, own, target } = entry;
    // Each colo logs the purge. Records that were requested since it was accepted stay.
    if (own?.purgedAtMs !== undefined) this.#invalidations.add(request.key.text, own.purgedAtMs);
    const found = this.#found(asked);
    const isInFlight = () => !isPersonal(request) && this.#flights.has(nameOf(request, isolate));
    const verdict = found?.verdict;
    if (verdict?.kind === "serve" || verdict?.kind === "serve-stale") {
      if (verdict.kind === "serve") this.#admit(verdict.candidate, request, used, atMs);
      // `isRefreshDue` reads only these parts of a request in progress.
      const hit = { request, exchange: isolate.exchange, atMs };
      if (isRefreshDue(verdict, hit as Parameters<typeof isRefreshDue>[1]) && !isInFlight()) {
        counts.add("refreshes");
        this.#ask({ ...asked, request: { ...request, method: "GET", isAnonymous: true } }, found);
      }
      return verdict.kind === "serve" ? "hit" : "stale-hit";
    }
    const outcome = isInFlight() ? "collapsed" : this.#ask(asked, found);
    if (outcome === "stored" || outcome === "forwarded") {
      this.totals.missed(target === undefined ? request.key.text : request.target.path);
    }
    return outcome;
  }

  /** Reads the tiers in order, and backfills those above the response that may answer. */
  #found({ entry: { atMs }, request, isolate, used }: PageRequest): FoundResponse | undefined {
    let youngest: FoundResponse | undefined;
    const question = { request, exchange: isolate.exchange, atMs };
    for (const tier of used.all) {
      if (isPersonal(request) && tierScopes[tier.name] === "world") continue;
      const read = tier.read(request.key, { atMs, part: "whole", afterAnswer: () => undefined });
      // No simulated tier is asynchronous, or stores markers.
      if (read instanceof Promise || read.kind !== "found" || read.record.kind === "vary") continue;
      const candidate = { stored: read.record.stored, tier: tier.name, key: request.key };
      const found = { candidate, verdict: decide(candidate, question) };
      if (isAnswer(found.verdict)) {
        this.#write(candidate.stored, request, used.above(tier), { atMs });
        return found;
      }
      if (respondedAtMsOf(found) > respondedAtMsOf(youngest)) youngest = found;
    }
    return youngest;
  }

  #write(
    stored: StoredResponse,
    { key, route }: LookupRequest,
    into: readonly ResponseTier[],
    { atMs, body = "new" }: Pick<TierKeep, "atMs"> & Partial<Pick<TierKeep, "body">>,
  ): void {
    const { metadata } = stored;
    // Terms are remembered as long as their metadata, here a copy, so that they take no memory.
    const untilAtMs = keepUntilAtMs(metadata, termsOf({ ...metadata }, route));
    const leadsToError = isErrorStatus(metadata.status);
    const keep = { atMs, untilAtMs, body, leadsToError };
    for (const tier of into) void tier.write(key, { kind: "response", stored }, keep);
  }

  /** Stores a response in the shared tier at its second request. */
  #admit({ stored }: Candidate, request: LookupRequest, used: Tiers, atMs: number): void {
    const { metadata } = stored;
    if (metadata.awaitsSecondAsk !== true || this.#admitted.has(metadata)) return;
    this.#admitted.add(metadata);
    const admitted = { ...stored, metadata: { ...metadata, awaitsSecondAsk: undefined } };
    this.#write(admitted, request, used.below, { atMs });
  }

  /** Asks the origin, whose answer is stored once it has arrived. */
  #ask({ entry, request, isolate, used, counts }: PageRequest, found?: FoundResponse): Outcome {
    const { exchange } = isolate;
    const candidate = found?.candidate;
    const bytes = bytesOf(entry, candidate);
    this.#forwards(entry, counts, entry.isValidated === true ? 0 : bytes);
    const metadata = this.#metadataOf(entry, request, bytes);
    const { status, respondedAtMs: dueAtMs } = metadata;
    if (status >= 500) {
      const standIn = decideOnError(candidate, { request, exchange, atMs: entry.atMs });
      if (standIn !== undefined) return "stale-hit";
    }
    // The rules read only these parts of a forward in progress.
    const { key } = request;
    const place = { request, exchange, key, validating: candidate, inShared: "nothing" } as const;
    const pending = place as unknown as PendingForward;
    if (refusalToStore(metadata, noHeaders, pending) !== undefined) return "forwarded";
    const isHeld = awaitsSecondAsk(metadata, pending);
    // A copy, as in `#write`: the rules have just remembered terms for `metadata`.
    const stored = { ...metadata, awaitsSecondAsk: isHeld || undefined };
    const into = isHeld ? used.all.filter(({ name }) => tierScopes[name] !== "world") : used.all;
    const body = entry.isValidated === true ? "unchanged" : "new";
    const name = nameOf(request, isolate);
    const flight: Flight = { dueAtMs, metadata: stored, request, name, into, body };
    this.#flights.set(flight.name, flight);
    const at = this.#ending.findLastIndex((other) => other.dueAtMs <= dueAtMs);
    this.#ending.splice(at + 1, 0, flight);
    return "stored";
  }

  #endFlights(atMs: number): void {
    if ((this.#ending[0]?.dueAtMs ?? Infinity) > atMs) return;
    const count = 1 + this.#ending.findLastIndex(({ dueAtMs }) => dueAtMs <= atMs);
    for (const flight of this.#ending.splice(0, count)) {
      const { metadata, request, into, name, body } = flight;
      this.#flights.delete(name);
      // Only the size of a body counts.
      const blob = { size: metadata.bodyBytes ?? 0 } as Blob;
      this.#write({ metadata, body: { kind: "blob", blob } }, request, into, {
        atMs: flight.dueAtMs,
        body,
      });
    }
  }

  #forwards(entry: LogEntry, counts: Counts, bytes: number): void {
    counts.add("originRequests");
    counts.add("originBytes", bytes);
    this.totals.originASecond.note(entry.atMs);
    this.totals.originAMinute.note(entry.atMs);
  }

  #metadataOf(entry: LogEntry, request: LookupRequest, bodyBytes: number): StoredMetadata {
    const { key, route, url } = request;
    const { atMs: requestedAtMs, colo = "" } = entry;
    if (entry.originMs === undefined) this.assumed.originMs += 1;
    if (entry.status === 304 && entry.own === undefined) this.assumed.status304 += 1;
    const status = entry.status === 304 ? 200 : entry.status;
    const fillCostMs = entry.originMs ?? this.#policy.originMs;
    const respondedAtMs = requestedAtMs + fillCostMs;
    const ruleMatch = matchOf({ status, fields: fieldsOf({ fields: [] }) }, route.answer);
    const lifetime = this.#lifetimeOf(entry, { status, ruleMatch, fields: [] }, key.text, route);
    // An origin's Date has whole seconds, so a response arrives with an age.
    const fields = [...lifetime, dateAt(respondedAtMs)];
    const named = { status, statusText: "", fields, ruleMatch, url, route: route.name, colo };
    const times = { requestedAtMs, respondedAtMs, fillCostMs, jitterDraw: this.#random() };
    return { ...named, ...times, ...unknownMetadata, bodyBytes };
  }

  /** Returns the fields with an answer's lifetime: that of the log, or else an assumed one. */
  #lifetimeOf(
    { own }: LogEntry,
    bare: Pick<StoredMetadata, "status" | "fields" | "ruleMatch">,
    key: string,
    route: Route,
  ): readonly FieldLine[] {
    if (own?.freshSeconds !== undefined) this.#lifetimes.set(key, own.freshSeconds);
    const logged = own && this.#lifetimes.get(key);
    if (logged !== undefined) return withLifetime(logged);
    const governing = governingDirectives(fieldsOf(bare), route.targets);
    if (assignedLifetimeSeconds(route, bare, governing) !== undefined) {
      if (!isRouteFirst(route, bare)) this.assumed.routeFresh += 1;
      return [];
    }
    const { freshSeconds } = this.#policy;
    const isAssumed = freshSeconds !== undefined && !isErrorStatus(bare.status);
    this.assumed[isAssumed ? "fresh" : "noLifetime"] += 1;
    return isAssumed ? withLifetime(freshSeconds) : [];
  }

  #exchangeOver(tiers: Tiers): Exchange {
    const site = {
      config: this.#policy.config,
      tiers,
      view: noJournal,
      invalidations: this.#invalidations,
      bypasses: () => false,
      random: () => this.#random(),
    };
    // The simulated steps read only these parts of a site and an exchange.
    return { site, colo: () => "", effects: "none" } as unknown as Exchange;
  }

  /** Returns 0 ≤ n < 1. The same log always has the same result. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

const safeMethods = ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"];
const lifetimesBytesMax = 64 * 1_048_576;

const respondedAtMsOf = (found: FoundResponse | undefined): number =>
  found?.candidate.stored.metadata.respondedAtMs ?? -Infinity;

function nameOf({ key, route }: LookupRequest, isolate: Isolate): string {
  return route.collapse === "global" ? key.text : `${isolate.number} ${key.text}`;
}

/** Returns the size of the whole body: a client's 304, a HEAD and a part of it do not show it. */
function bytesOf(entry: LogEntry, before: Candidate | undefined): number {
  const { method, status, bytes, isValidated = false } = entry;
  const isWhole = method === "GET" && (isValidated || (status !== 304 && status !== 206));
  return (isWhole ? bytes : undefined) ?? before?.stored.metadata.bodyBytes ?? 0;
}

/** The log does not show fields that name a client. */
const noHeaders = new Headers();
const unknownMetadata = { selecting: [], tags: [], stamp: "none", bodyDigest: "" } as const;

let lastDate: { second: number; line: FieldLine } = { second: 0, line: ["date", ""] };

function dateAt(atMs: number): FieldLine {
  const second = Math.floor(atMs / 1_000);
  if (lastDate.second !== second) lastDate = { second, line: ["date", formatHttpDate(atMs)] };
  return lastDate.line;
}

const withLifetime = (seconds: number | "never"): readonly FieldLine[] => [
  ["cache-control", seconds === "never" ? "no-store" : `max-age=${seconds}`],
];
