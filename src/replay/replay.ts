// Plays the requests of a log in the time of the log. Routes, keys, verdicts, storing, admission and memory
// are the Worker's own code. The origin answers each request as the log says.
import { BoundedMarks } from "../base/bounded-map.ts";
import type { TierKeep } from "../cache/tiers/tier.ts";
import { matchOf } from "../config/answer-rules.ts";
import type { Config, Route } from "../config/config.ts";
import { tierScopes } from "../config/tier-names.ts";
import { isPersonal } from "../pages/request/personal.ts";
import type { LookupRequest } from "../pages/request/plan.ts";
import { isRefreshDue } from "../pages/reuse/early-refresh.ts";
import { decide, decideOnError, isAnswer, type Verdict } from "../pages/reuse/may-answer.ts";
import type { Exchange } from "../pages/site/exchange.ts";
import type { PendingForward } from "../pages/reuse/pending-forward.ts";
import { Invalidations } from "../pages/site/remembered-keys.ts";
import {
  assignedLifetimeSeconds,
  isRouteFirst,
  keepUntilAtMs,
  termsOf,
} from "../pages/stored/lifetime.ts";
import type {
  Candidate,
  ResponseTier,
  StoredMetadata,
  StoredResponse,
  Tiers,
} from "../pages/stored/stored-response.ts";
import { mustAwaitSecondAsk } from "../pages/storing/admit-to-shared.ts";
import { refusalToStore } from "../pages/storing/refusal.ts";
import { noJournal } from "../purge/view/view-port.ts";
import { governingDirectives } from "../rules/cache-control.ts";
import { type FieldLine, fieldsOf, isErrorStatus } from "../rules/fields.ts";
import { formatHttpDate } from "../rules/http-date.ts";
import { Colos, type Isolate } from "./colos.ts";
import { Planner } from "./planner.ts";
import { withoutFetch, withReplayedRules } from "./replayed-rules.ts";
import type {
  OriginRequest,
  ReplayedRequest,
  ReplayedRules,
  ReplayResult,
  ReplaySettings,
  SharedTierCalls,
} from "./replayed-request.ts";

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
  readonly asked: ReplayedRequest;
  readonly request: LookupRequest;
  readonly isolate: Isolate;
  readonly used: Tiers;
}

type PageOutcome = Pick<ReplayResult, "outcome" | "origin">;

/** A site with its colos. The same requests always have the same results. */
export class Replay {
  readonly rules: ReplayedRules;
  readonly #config: Config;
  readonly #freshSeconds: number | undefined;
  readonly #planner: Planner;
  readonly #colos: Colos;
  /** The last lifetimes of Tidemark's own log, by key: a hit's line has none. */
  readonly #lifetimes = new BoundedMarks<number | "never">(lifetimesBytesMax);
  readonly #invalidations = new Invalidations();
  readonly #admitted = new WeakSet<StoredMetadata>();
  readonly #flights = new Map<string, Flight>();
  /** The flights by the time of their end. */
  readonly #ending: Flight[] = [];
  #seed = 1;

  constructor(written: Config, settings: ReplaySettings) {
    const { config, rules } = withReplayedRules(written);
    this.#config = config;
    this.rules = rules;
    this.#freshSeconds = settings.freshSeconds;
    this.#planner = new Planner(config);
    this.#colos = new Colos(config, settings, (tiers) => this.#exchangeOver(tiers));
  }

  /** The colos that had a request. Beyond 400, all others are one. */
  get coloCount(): number {
    return this.#colos.count;
  }

  /** The isolates of these colos. */
  get isolateCount(): number {
    return this.#colos.isolateCount;
  }

  /** The calls so far of the shared tier. */
  get shared(): SharedTierCalls {
    return this.#colos.shared.calls;
  }

  /** The responses that `recordsMax` has evicted. */
  get evictedCount(): number {
    return this.#colos.evicted;
  }

  /** Answers a request at its time, from a tier or the origin. Never throws. */
  play(asked: ReplayedRequest): ReplayResult {
    this.#endFlights(asked.atMs);
    const planned = withoutFetch(() => this.#planner.plan(asked));
    const isolate = this.#colos.isolateIn(asked.colo);
    const { name: route } = planned.route;
    if (planned.kind === "lookup") {
      const { request } = planned;
      const used = isolate.tiers.of(planned.route.tiers);
      const page = asked.target === undefined ? request.key.text : request.target.path;
      return { route, page, ...this.#lookedUp({ asked, request, isolate, used }) };
    }
    if (planned.kind === "own") return { route, outcome: "passed" };
    // RFC 9111 §4.4, as with `invalidate: "here"`.
    const isDone = asked.status >= 200 && asked.status < 400;
    if (isDone && !safeMethods.includes(asked.method)) {
      for (const tier of isolate.tiers.all) void tier.remove(planned.key);
    }
    return { route, outcome: "passed", origin: { bytes: asked.bytes ?? 0, isRefresh: false } };
  }

  #lookedUp(page: PageRequest): PageOutcome {
    const { asked, request, isolate, used } = page;
    const { atMs, logged } = asked;
    // Each colo logs the purge. Records that were requested since it was accepted stay.
    if (logged?.purgedAtMs !== undefined) {
      this.#invalidations.add(request.key.text, logged.purgedAtMs);
    }
    const found = this.#found(page);
    const isInFlight = () => !isPersonal(request) && this.#flights.has(nameOf(request, isolate));
    const verdict = found?.verdict;
    if (verdict?.kind === "serve" || verdict?.kind === "serve-stale") {
      const outcome = verdict.kind === "serve" ? "hit" : "stale-hit";
      if (outcome === "hit") this.#admit(verdict.candidate, request, used, atMs);
      // `isRefreshDue` reads only these parts of a request in progress.
      const hit = { request, exchange: isolate.exchange, atMs };
      if (!isRefreshDue(verdict, hit as Parameters<typeof isRefreshDue>[1]) || isInFlight()) {
        return { outcome };
      }
      const refresh = {
        ...page,
        request: { ...request, method: "GET", isAnonymous: true } as const,
      };
      return { outcome, origin: { ...this.#ask(refresh, found).origin, isRefresh: true } };
    }
    return isInFlight() ? { outcome: "collapsed" } : this.#ask(page, found);
  }

  /** Reads the tiers in order, and backfills those above the response that may answer. */
  #found({ asked: { atMs }, request, isolate, used }: PageRequest): FoundResponse | undefined {
    let youngest: FoundResponse | undefined;
    const question = { request, exchange: isolate.exchange, atMs };
    for (const tier of used.all) {
      if (isPersonal(request) && tierScopes[tier.name] === "world") continue;
      const read = tier.read(request.key, { atMs, part: "whole", afterAnswer: () => undefined });
      // No tier of a replay is asynchronous, or stores markers.
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
  #ask(page: PageRequest, found?: FoundResponse): PageOutcome & { readonly origin: OriginRequest } {
    const { asked, request, isolate, used } = page;
    const { exchange } = isolate;
    const candidate = found?.candidate;
    const bodyBytes = bytesOf(asked, candidate);
    const status = asked.status === 304 ? 200 : asked.status;
    const { lifetimeFrom, fields } = this.#lifetimeOf(asked, status, request);
    const bytes = asked.isValidated === true ? 0 : bodyBytes;
    const origin = { bytes, isRefresh: false, lifetimeFrom };
    const metadata = this.#metadataOf(asked, request, { status, fields, bodyBytes });
    if (status >= 500) {
      const standIn = decideOnError(candidate, { request, exchange, atMs: asked.atMs });
      if (standIn !== undefined) return { outcome: "stale-hit", origin };
    }
    // The rules read only these parts of a forward in progress.
    const { key } = request;
    const place = { request, exchange, key, validating: candidate, inShared: "nothing" } as const;
    const pending = place as unknown as PendingForward;
    if (refusalToStore(metadata, noEffects, pending) !== undefined) {
      return { outcome: "forwarded", origin };
    }
    const isHeld = mustAwaitSecondAsk(metadata, pending);
    // A copy, as in `#write`: the rules have just remembered terms for `metadata`.
    const stored = { ...metadata, awaitsSecondAsk: isHeld || undefined };
    const into = isHeld ? used.all.filter(({ name }) => tierScopes[name] !== "world") : used.all;
    const body = asked.isValidated === true ? "unchanged" : "new";
    const name = nameOf(request, isolate);
    this.#fly({ dueAtMs: metadata.respondedAtMs, metadata: stored, request, name, into, body });
    return { outcome: "stored", origin };
  }

  #fly(flight: Flight): void {
    this.#flights.set(flight.name, flight);
    const at = this.#ending.findLastIndex(({ dueAtMs }) => dueAtMs <= flight.dueAtMs);
    this.#ending.splice(at + 1, 0, flight);
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

  #metadataOf(
    { atMs: requestedAtMs, colo, originMs: fillCostMs }: ReplayedRequest,
    { route, url }: LookupRequest,
    {
      status,
      fields: lifetime,
      bodyBytes,
    }: Pick<StoredMetadata, "status" | "fields" | "bodyBytes">,
  ): StoredMetadata {
    const respondedAtMs = requestedAtMs + fillCostMs;
    // An origin's Date has whole seconds, so a response arrives with an age.
    const fields = [...lifetime, dateAt(respondedAtMs)];
    const ruleMatch = ruleMatchOf(status, route);
    const named = { status, statusText: "", fields, ruleMatch, url, route: route.name, colo };
    const times = { requestedAtMs, respondedAtMs, fillCostMs };
    return { ...named, ...times, ...unknownMetadata, bodyBytes };
  }

  /** Returns the fields with an answer's lifetime: that of the log, or else that of the settings. */
  #lifetimeOf({ logged }: ReplayedRequest, status: number, { key, route }: LookupRequest) {
    if (logged?.freshSeconds !== undefined) this.#lifetimes.set(key.text, logged.freshSeconds);
    const seconds = logged && this.#lifetimes.get(key.text);
    if (seconds !== undefined)
      return { lifetimeFrom: "log", fields: withLifetime(seconds) } as const;
    const bare = { status, ruleMatch: ruleMatchOf(status, route), fields: [] };
    const governing = governingDirectives(fieldsOf(bare), route.targets);
    if (assignedLifetimeSeconds(route, bare, governing) !== undefined) {
      const lifetimeFrom = isRouteFirst(route, bare) ? "route" : "route-second";
      return { lifetimeFrom, fields: [] } as const;
    }
    return this.#freshSeconds === undefined || isErrorStatus(status)
      ? ({ lifetimeFrom: "nothing", fields: [] } as const)
      : ({ lifetimeFrom: "settings", fields: withLifetime(this.#freshSeconds) } as const);
  }

  #exchangeOver(tiers: Tiers): Exchange {
    const site = {
      config: this.#config,
      tiers,
      view: noJournal,
      invalidations: this.#invalidations,
      bypasses: () => false,
      random: () => this.#random(),
    };
    // The steps of a replay read only these parts of a site and an exchange.
    return { site, colo: () => "", effects: "none" } as unknown as Exchange;
  }

  /** Returns 0 ≤ n < 1. */
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
  return route.traits.collapsesGlobally === true ? key.text : `${isolate.number} ${key.text}`;
}

/** Returns the size of the whole body: a client's 304, a HEAD and a part of it do not show it. */
function bytesOf(asked: ReplayedRequest, before: Candidate | undefined): number {
  const { method, status, bytes, isValidated = false } = asked;
  const isWhole = method === "GET" && (isValidated || (status !== 304 && status !== 206));
  return (isWhole ? bytes : undefined) ?? before?.stored.metadata.bodyBytes ?? 0;
}

/** The log shows no fields of answers. */
const noHeaders = new Headers();
const noEffects = { headers: noHeaders, cookies: [] };
const unknownMetadata = { selecting: [], tags: [], stamp: "none", bodyDigest: "" } as const;

let lastDate: { second: number; line: FieldLine } = { second: 0, line: ["date", ""] };

function dateAt(atMs: number): FieldLine {
  const second = Math.floor(atMs / 1_000);
  if (lastDate.second !== second) lastDate = { second, line: ["date", formatHttpDate(atMs)] };
  return lastDate.line;
}

const ruleMatchOf = (status: number, route: Route) =>
  matchOf({ status, fields: noHeaders }, route.answer);

const withLifetime = (seconds: number | "never"): readonly FieldLine[] => [
  ["cache-control", seconds === "never" ? "no-store" : `max-age=${seconds}`],
];
